"""Every query we send is one that Indeed's schema allows, with variables of its types.

The schema is the part we use, as docs.indeed.com describes it; what it does not say is not in it.
"""

from typing import Any

import pytest

from connectors.records import ApplicantStatus, TellBoard
from tests.connectors.indeed.account import NOW, a_posting, these
from tests.contracts.trial import Bench, Trial, bench
from tests.contracts.trials import TRIALS

graphql = pytest.importorskip("graphql")
execution = pytest.importorskip("graphql.execution.values")

SCHEMA = """
scalar Int64
scalar CurrencyCode
scalar WebUrl
scalar URI
type Query { nodes(ids: [ID!]!): [Node]! node(id: ID!): Node }
type Mutation { jobsIngest: JobsIngest partnerDisposition: PartnerDisposition }
interface Node { id: ID! }
type EmployerJob implements Node { id: ID! seatsConnection: EmployerJobSeatConnection }
type EmployerJobSeatConnection { seats: [EmployerJobSeat] }
type EmployerJobSeat { jobPost: JobPost }
type JobPost { status: JobPostStatus }
type JobPostStatus { globalStatus: JobPostGlobalStatus }
type JobPostGlobalStatus { lifecycleStatus: String isIndeedApplyActive: Boolean! }
type JobsIngest {
  createSourcedJobPostings(input: CreateSourcedJobPostingsInput): CreateSourcedJobPostingsPayload
  expireSourcedJobsBySourcedPostingId(
    input: ExpireSourcedJobsBySourcedPostingIdInput!
  ): ExpireSourcedJobsPayload
}
type CreateSourcedJobPostingsPayload { results: [CreateSourcedJobPostingResult!]! }
type CreateSourcedJobPostingResult { jobPosting: SourcedJobPosting }
type SourcedJobPosting { sourcedPostingId: ID! employerJobId: ID }
type ExpireSourcedJobsPayload { results: [ExpireSourcedJobResult!]! }
type ExpireSourcedJobResult { trackingKey: ID }
input ExpireSourcedJobsBySourcedPostingIdInput { jobs: [ExpireSourcedJobInput!]! }
input ExpireSourcedJobInput { sourcedPostingId: ID! }
input CreateSourcedJobPostingsInput { jobPostings: [CreateSourcedJobPostingInput!]! }
input CreateSourcedJobPostingInput {
  body: SourcedJobPostingBodyInput!
  metadata: SourcedJobPostingMetadataInput!
  applyMethod: SourcedJobPostingApplyMethodInput
}
enum SourcedJobPostingFormattingType { TEXT RICH_FORMATTING }
input SourcedJobPostingBodyInput {
  title: String!
  subtitle: String
  description: String!
  descriptionFormatting: SourcedJobPostingFormattingType! = TEXT
  salary: SourcedJobPostingSalaryInput
  location: SourcedJobPostingLocationInput!
  benefits: [String!]!
}
input SourcedJobPostingSalaryInput {
  currency: CurrencyCode!
  maximumMinor: Int64
  minimumMinor: Int64!
  period: String!
}
input SourcedJobPostingLocationInput { country: String! cityRegionPostal: String }
input SourcedJobPostingMetadataInput {
  jobSource: SourcedJobPostingJobSourceInput!
  jobPostingId: String!
  jobRequisitionId: String
  jobTypes: [String!]
  datePublished: String!
  expirationDate: String
  url: WebUrl!
}
input SourcedJobPostingJobSourceInput {
  companyName: String!
  companyWebsite: WebUrl
  sourceName: String!
  sourceType: String!
}
input SourcedJobPostingApplyMethodInput { indeedApply: SourcedJobPostingIndeedApplyInput }
enum JobRequirement { YES OPTIONAL NO }
input SourcedJobPostingIndeedApplyInput {
  apiToken: String
  jobMeta: String
  postUrl: WebUrl!
  phoneRequired: JobRequirement = OPTIONAL
  coverLetterRequired: JobRequirement = OPTIONAL
  resumeRequired: JobRequirement = YES
  applyQuestions: URI
}
type PartnerDisposition { send(input: SendPartnerDispositionInput!): SendPartnerDispositionPayload }
type SendPartnerDispositionPayload {
  numberGoodDispositions: Int!
  failedDispositions: [FailedPartnerDisposition!]!
}
type FailedPartnerDisposition { identifiedBy: PartnerDispositionIdentifier! rationale: String! }
type PartnerDispositionIdentifier { indeedApplyID: ID ittk: ID universalApplyId: ID }
input SendPartnerDispositionInput { dispositions: [PartnerDispositionInput!]! }
input PartnerDispositionInput {
  identifiedBy: PartnerDispositionIdentifierInput!
  dispositionStatus: IndeedDispositionStatus!
  rawDispositionStatus: String!
  rawDispositionDetails: String
  atsName: String!
  applicationSourceName: String
  statusChangeDateTime: String
}
input PartnerDispositionIdentifierInput { indeedApplyID: ID ittk: ID universalApplyId: ID }
enum IndeedDispositionStatus {
  NEW REVIEW LIKED CONTACTED INTERVIEW BACKGROUND_CHECK WITHDRAWN HIRED INCOMPLETE UNABLE_TO_MAP
  SCREEN VERIFY_ELIGIBILITY NOT_SELECTED OFFER_DECLINED ASSESS_QUALIFICATIONS OFFER_MADE
}
"""


def everything(opened: Bench) -> None:
    """Each thing that we ask of the API."""
    site = "https://files.example.test/questions"
    asking = opened.opened(options={**opened.account.options, "questions_url": site})
    questions = (("auth", "May you work here?"),)
    bare = a_posting("B.US-TX", pay=None, benefits="", closes_on=None)
    asking.publish(these(a_posting("A.US-TX", questions=questions), bare), "k")
    opened.later(minutes=10)
    list(asking.changes("all_postings", None, ()))
    asking.publish(these(bare), "k2")
    opened.stand_in.note("applications", "a1")
    for status in ApplicantStatus:
        asking.tell(TellBoard(application_ref="a1", status=status, since=NOW), "k")


def faults(schema: Any, asked: Any) -> list[str]:
    """What the schema says against a request."""
    document = graphql.parse(asked["query"])
    found = [error.message for error in graphql.validate(schema, document)]
    (operation,) = document.definitions
    values = execution.get_variable_values(
        schema, operation.variable_definitions or (), asked["variables"]
    )
    if isinstance(values, list):
        found += [error.message for error in values]
    return found


def test_every_query_is_one_of_the_schema() -> None:
    schema = graphql.build_schema(SCHEMA)
    trial: Trial = TRIALS["indeed"]
    with bench(trial) as opened:
        everything(opened)
        sent = [asked.json for asked, _ in opened.sandbox.asked if asked.path.endswith("/graphql")]

    assert len(sent) == 4 + len(ApplicantStatus)
    assert [faults(schema, asked) for asked in sent] == [[]] * len(sent)
    wrong = {**sent[0], "variables": {"input": {"jobPostings": [{"body": {}}]}}}
    assert faults(schema, wrong)
    assert faults(schema, {"query": "{ nodes(ids: []) { id secret } }", "variables": {}})
