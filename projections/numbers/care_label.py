"""关爱标签 · Numbers of needs noted by consent: by need and area, never a list of people."""

from __future__ import annotations

from projections.making import count, net

# fmt: off

NUMBERS = (
    count("consents_given", "同意登记", "Consents given", "care_label.consent_given", "份"),
    count("consents_withdrawn", "撤回同意", "Consents withdrawn", "care_label.consent_withdrawn",
          "份"),
    count("consents_expired", "同意到期", "Consents over", "care_label.consent_expired", "份"),
    net("care_needs", "在册关爱需求", "Care needs noted", ("care_label.care_need_noted",),
        ("care_label.care_need_removed",), "项"),
    count("care_needs_met", "满足关爱需求", "Care needs met", "care_label.care_need_removed", "项",
          reason="met"),
)

# fmt: on
