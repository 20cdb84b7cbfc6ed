"""What is in the way of a command. Apart from the settings, which `--help` does not wait for."""


class DeploymentError(RuntimeError):
    """Something on this machine is in the way; the message says what, and which setting helps."""
