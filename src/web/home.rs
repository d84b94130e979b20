//! The start page: where everything is.

use axum::response::{Html, IntoResponse as _, Response};

use crate::http::Problem;

const PAGE: &str = "<!doctype html>
<html lang=\"en\">
<head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">
<title>Watchpost</title></head>
<body>
<main>
<h1>Watchpost</h1>
<p>The server is running. Security events in, alerts out.</p>
<ul>
<li><a href=\"/api/docs/\">API documentation, to try in the browser</a></li>
<li><a href=\"/api/schema/\">OpenAPI document</a></li>
<li><a href=\"/readyz\">Is it ready?</a></li>
</ul>
<p>Sign in with <code>POST /api/auth/token/</code>; the first administrator's name and password
were printed where the server was started.</p>
</main>
</body>
</html>
";

/// The start page.
pub async fn home() -> Response {
    Html(PAGE).into_response()
}

/// `/api/` itself names the documentation.
pub async fn api_root() -> Problem {
    Problem::not_found("nothing at /api/ itself; /api/docs/ lists what there is")
}
