"""What the FHIR door answers: OperationOutcomes, refusals, the CapabilityStatement. Decides nothing, keeps nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from aiohttp import hdrs, web

from core.errors import HuiyinError
from core.logs import trace_id
from patients.feeds.faults import ReadFault
from patients.feeds.kinds import FHIR_TYPES

MIME = "application/fhir+json"
MOST_ISSUES = 50
Issue = tuple[str, str, str, str]  # severity, code, words, expression
# Every resource type of R4 (hl7.org/fhir/R4/resourcelist.html): one we do not use is kept, one that does not exist refused.
R4_TYPES = frozenset(
    [
        "Account",
        "ActivityDefinition",
        "AdverseEvent",
        "AllergyIntolerance",
        "Appointment",
        "AppointmentResponse",
        "AuditEvent",
        "Basic",
        "Binary",
        "BiologicallyDerivedProduct",
        "BodyStructure",
        "Bundle",
        "CapabilityStatement",
        "CarePlan",
        "CareTeam",
        "CatalogEntry",
        "ChargeItem",
        "ChargeItemDefinition",
        "Claim",
        "ClaimResponse",
        "ClinicalImpression",
        "CodeSystem",
        "Communication",
        "CommunicationRequest",
        "CompartmentDefinition",
        "Composition",
        "ConceptMap",
        "Condition",
        "Consent",
        "Contract",
        "Coverage",
        "CoverageEligibilityRequest",
        "CoverageEligibilityResponse",
        "DetectedIssue",
        "Device",
        "DeviceDefinition",
        "DeviceMetric",
        "DeviceRequest",
        "DeviceUseStatement",
        "DiagnosticReport",
        "DocumentManifest",
        "DocumentReference",
        "EffectEvidenceSynthesis",
        "Encounter",
        "Endpoint",
        "EnrollmentRequest",
        "EnrollmentResponse",
        "EpisodeOfCare",
        "EventDefinition",
        "Evidence",
        "EvidenceVariable",
        "ExampleScenario",
        "ExplanationOfBenefit",
        "FamilyMemberHistory",
        "Flag",
        "Goal",
        "GraphDefinition",
        "Group",
        "GuidanceResponse",
        "HealthcareService",
        "ImagingStudy",
        "Immunization",
        "ImmunizationEvaluation",
        "ImmunizationRecommendation",
        "ImplementationGuide",
        "InsurancePlan",
        "Invoice",
        "Library",
        "Linkage",
        "List",
        "Location",
        "Measure",
        "MeasureReport",
        "Media",
        "Medication",
        "MedicationAdministration",
        "MedicationDispense",
        "MedicationKnowledge",
        "MedicationRequest",
        "MedicationStatement",
        "MedicinalProduct",
        "MedicinalProductAuthorization",
        "MedicinalProductContraindication",
        "MedicinalProductIndication",
        "MedicinalProductIngredient",
        "MedicinalProductInteraction",
        "MedicinalProductManufactured",
        "MedicinalProductPackaged",
        "MedicinalProductPharmaceutical",
        "MedicinalProductUndesirableEffect",
        "MessageDefinition",
        "MessageHeader",
        "MolecularSequence",
        "NamingSystem",
        "NutritionOrder",
        "Observation",
        "ObservationDefinition",
        "OperationDefinition",
        "OperationOutcome",
        "Organization",
        "OrganizationAffiliation",
        "Parameters",
        "Patient",
        "PaymentNotice",
        "PaymentReconciliation",
        "Person",
        "PlanDefinition",
        "Practitioner",
        "PractitionerRole",
        "Procedure",
        "Provenance",
        "Questionnaire",
        "QuestionnaireResponse",
        "RelatedPerson",
        "RequestGroup",
        "ResearchDefinition",
        "ResearchElementDefinition",
        "ResearchStudy",
        "ResearchSubject",
        "RiskAssessment",
        "RiskEvidenceSynthesis",
        "Schedule",
        "SearchParameter",
        "ServiceRequest",
        "Slot",
        "Specimen",
        "SpecimenDefinition",
        "StructureDefinition",
        "StructureMap",
        "Subscription",
        "Substance",
        "SubstanceNucleicAcid",
        "SubstancePolymer",
        "SubstanceProtein",
        "SubstanceReferenceInformation",
        "SubstanceSourceMaterial",
        "SubstanceSpecification",
        "SupplyDelivery",
        "SupplyRequest",
        "Task",
        "TerminologyCapabilities",
        "TestReport",
        "TestScript",
        "ValueSet",
        "VerificationResult",
        "VisionPrescription",
    ]
)


def outcome(*issues: Issue) -> dict[str, Any]:
    """An OperationOutcome."""
    return {
        "resourceType": "OperationOutcome",
        "issue": [
            {"severity": severity, "code": code, "diagnostics": words}
            | ({"expression": [expression]} if expression else {})
            for severity, code, words, expression in issues[:MOST_ISSUES]
        ],
    }


def answer(
    content: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """A FHIR answer."""
    return web.Response(
        body=orjson.dumps(content), status=status, content_type=MIME, charset="utf-8", headers=headers
    )


_CODES = {
    400: "structure",
    401: "login",
    404: "not-found",
    405: "not-supported",
    406: "not-supported",
    412: "not-supported",
    413: "too-long",
    415: "not-supported",
    422: "invalid",
    429: "throttled",
    503: "throttled",
}


class Unsupported(HuiyinError):
    """FHIR has it and we do not: plainly refused, so that nobody takes it for done."""

    code = "not_supported"

    def __init__(self, words: str, status: int = 405) -> None:
        super().__init__(words)
        self.status = status


def refused(error: HuiyinError) -> web.Response:
    """What we say no with, as an OperationOutcome."""
    after = getattr(error, "after", 0)
    headers: dict[str, str] = {hdrs.RETRY_AFTER: str(after)} if after else {}
    if error.status == 401:
        headers[hdrs.WWW_AUTHENTICATE] = "Bearer"
    code = _CODES.get(error.status, "processing")
    places = [fault.field for fault in error.details] or [""]
    issues = [("error", code, f"{error.message}（{trace_id()}）", place) for place in places]
    return answer(outcome(*issues), error.status, headers)


def issue_of(fault: ReadFault, before: str = "") -> Issue:
    """What is wrong with a resource, with the expression at fault."""
    words = str(fault).removeprefix(f"{fault.at}：")
    code = "required" if words.startswith("缺少") else "code-invalid" if "代码表" in words else "value"
    return "error", code, words, f"{before}{fault.at}"


def statement(base: str) -> dict[str, Any]:
    """What we take (CapabilityStatement): writing only, no versions of our own, no conditions."""
    rest = {
        "versioning": "no-version",
        "readHistory": False,
        "updateCreate": True,
        "conditionalCreate": False,
        "conditionalRead": "not-supported",
        "conditionalUpdate": False,
        "conditionalDelete": "not-supported",
        "referencePolicy": ["literal", "logical", "local"],
    }
    verbs: Sequence[str] = ("create", "update", "delete")
    taken = [{"type": name, "interaction": [{"code": verb} for verb in verbs], **rest} for name in FHIR_TYPES]
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-11-23",
        "kind": "instance",
        "software": {"name": "回音"},
        "implementation": {"description": "接收医院系统推送的 FHIR R4 资源；只收不查", "url": base},
        "fhirVersion": "4.0.1",
        "format": ["json", MIME],
        "rest": [
            {
                "mode": "server",
                "documentation": "其他 R4 资源只留存原文、不采用（应答 202）；有误的资源留存并应答 422。",
                "security": {"description": "每条链路一个 Bearer 令牌，放在 Authorization 头"},
                "resource": taken,
                "interaction": [{"code": "batch"}, {"code": "transaction"}],
            }
        ],
    }
