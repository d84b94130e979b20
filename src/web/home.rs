//! The root of the API.

use crate::http::Problem;

/// `/api/` itself names the documentation.
pub async fn api_root() -> Problem {
    Problem::not_found("nothing at /api/ itself; /api/docs/ lists what there is")
}
