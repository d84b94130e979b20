//! What the headers of CEF and LEEF have in common: the product that wrote a record, which of its
//! rules did, and how bad it says that is.

use serde_json::Value;

use super::super::json::Weight;
use super::super::{Draft, severity};

/// A product, as a header names it.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Device<'h> {
    pub(in super::super) vendor: &'h str,
    pub(in super::super) product: &'h str,
    pub(in super::super) version: &'h str,
    /// The id of its rule.
    pub(in super::super) class: &'h str,
}

impl Device<'_> {
    /// Gives a draft what the header says; `format` is the name of the header's.
    pub(in super::super) fn put(&self, format: &str, draft: &mut Draft) {
        let fields = &mut draft.fields;
        fields.set("event.module", Some(format));
        fields.set("event.kind", Some("event"));
        fields.set("observer.vendor", Some(self.vendor));
        fields.set("observer.product", Some(self.product));
        fields.set("observer.version", Some(self.version));
        fields.set("rule.id", Some(self.class));
        let product = self.product.to_ascii_lowercase().replace(' ', "-");
        draft.logsource(&product, None, None);
    }

    /// Names the source: the device its pairs name, else what stands before the record, else the
    /// product.
    pub(in super::super) fn name(&self, draft: &mut Draft) {
        let device = draft.fields.get("observer.name").and_then(Value::as_str);
        draft.source_name = device
            .map(str::to_owned)
            .or(draft.source_name.take())
            .or_else(|| {
                Some(
                    format!("{} {}", self.vendor, self.product)
                        .trim()
                        .to_owned(),
                )
            });
    }
}

/// Gives a draft the sender's word or number, as a threat.
pub(in super::super) fn judge(said: &str, draft: &mut Draft) -> Weight {
    let said = said.trim();
    let number = said.parse::<f64>().ok().filter(|number| number.is_finite());
    #[expect(
        clippy::cast_possible_truncation,
        reason = "what is cut off is the fraction; a larger number is no severity wherever it is cut"
    )]
    let severity = match number {
        Some(number) => severity::cef(number as i64),
        None => severity::word(said),
    };
    draft.fields.set("event.severity", said.parse::<i64>().ok());
    if !said.is_empty() {
        draft.said = Some(said.to_owned());
    }
    let Some(severity) = severity else {
        return Weight::None;
    };
    draft.severity = Some(severity);
    Weight::Threat
}
