//! What a view is.

use std::str::FromStr;

use base::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};

use crate::alerts::Edit;

/// The list a view is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ViewPage {
    /// Alerts.
    Alerts,
    /// Events.
    Events,
}

/// The text names no list.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("must be alerts or events")]
pub struct UnknownPage;

impl ViewPage {
    /// Its word, as stored and answered.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Alerts => "alerts",
            Self::Events => "events",
        }
    }
}

impl FromStr for ViewPage {
    type Err = UnknownPage;

    /// Reads the word in any case.
    fn from_str(text: &str) -> Result<Self, UnknownPage> {
        [Self::Alerts, Self::Events]
            .into_iter()
            .find(|page| page.word().eq_ignore_ascii_case(text))
            .ok_or(UnknownPage)
    }
}

impl<'de> Deserialize<'de> for ViewPage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Whose a view is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Owner {
    /// Their id.
    #[schema(example = 2)]
    pub id: i64,
    /// Their user name.
    #[schema(example = "dana")]
    pub username: String,
}

/// A view as somebody sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct View {
    /// Its id.
    #[schema(example = 3)]
    pub id: i64,
    /// Its name.
    #[schema(example = "Needs action")]
    pub name: String,
    /// The list it is of.
    pub page: ViewPage,
    /// What it searches for, in the search language.
    #[schema(example = "status:open severity:critical,high")]
    pub query: String,
    /// The columns shown, in their order; empty for the page's own.
    #[schema(example = json!(["severity", "status", "title", "owner", "age"]))]
    pub columns: Vec<String>,
    /// What it is sorted by, as `ordering` says it; absent for the page's own.
    #[schema(example = "-severity")]
    pub sort: Option<String>,
    /// What rows are grouped by; absent for no groups.
    #[schema(example = json!(null))]
    pub group: Option<String>,
    /// Whether everyone sees it.
    pub shared: bool,
    /// Whose it is; absent when the account of a shared one is gone.
    pub owner: Option<Owner>,
    /// Whether your page begins with it.
    pub default: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Rises with each change; for `If-Match`. A new default is no change of the view.
    pub version: i64,
}

/// A view to be made.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewView {
    /// 1 to 80 characters; your views differ in it by more than case.
    #[schema(min_length = 1, max_length = 80, example = "Needs action")]
    pub name: String,
    /// `alerts` or `events`.
    pub page: ViewPage,
    /// What it searches for, in the search language; at most 2,000 characters.
    #[serde(default)]
    #[schema(max_length = 2_000, example = "status:open severity:critical,high")]
    pub query: String,
    /// The columns shown, at most 30 names.
    #[serde(default)]
    #[schema(max_items = 30, example = json!(["severity", "status", "title"]))]
    pub columns: Vec<String>,
    /// What it is sorted by, as the list's `ordering`.
    #[schema(example = "-severity")]
    pub sort: Option<String>,
    /// What rows are grouped by: lower-case words joined by `_`, `,` or `+`.
    #[schema(example = json!(null))]
    pub group: Option<String>,
    /// Whether everyone sees it; needs `admin:manage`.
    #[serde(default)]
    pub shared: bool,
    /// Whether your page is to begin with it.
    #[serde(default)]
    pub default: bool,
}

/// What is to be changed of a view; what is left out stays.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ViewChange {
    /// 1 to 80 characters.
    #[schema(min_length = 1, max_length = 80, example = "Needs action")]
    pub name: Option<String>,
    /// In the search language; at most 2,000 characters.
    #[schema(max_length = 2_000, example = "status:open")]
    pub query: Option<String>,
    /// At most 30 names.
    #[schema(max_items = 30, example = json!(["severity", "title"]))]
    pub columns: Option<Vec<String>>,
    /// As the list's `ordering`; `null` for the page's own.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "-created_at")]
    pub sort: Edit<String>,
    /// `null` for no groups.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = json!(null))]
    pub group: Edit<String>,
    /// Whether everyone sees it; needs `admin:manage`.
    pub shared: Option<bool>,
    /// Whether your page is to begin with it; of any view you see.
    pub default: Option<bool>,
}
