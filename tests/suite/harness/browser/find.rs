//! Finding parts of a page, and reading them.

use serde_json::{Value, json};

use super::chromium::Reply;
use super::page::{Page, value};

/// Which element: by CSS selector, or by role and accessible name, as assistive software sees it.
#[derive(Clone, Debug)]
pub enum Element {
    Css(String),
    Role(String, String),
}

impl From<&str> for Element {
    fn from(selector: &str) -> Self {
        Self::Css(selector.to_owned())
    }
}

impl From<(&str, &str)> for Element {
    fn from((role, name): (&str, &str)) -> Self {
        Self::Role(role.to_owned(), name.to_owned())
    }
}

/// Whether it is there for somebody who looks.
const SEEN: &str = "function () {
    const box = this.getBoundingClientRect();
    return box.width > 0 && box.height > 0 && this.checkVisibility({visibilityProperty: true});
}";

impl Page {
    /// The handle of the first such element.
    pub(super) async fn find(&self, element: &Element) -> Option<String> {
        match element {
            Element::Css(selector) => {
                let script = format!("document.querySelector({})", json!(selector));
                let answer = self.send("Runtime.evaluate", json!({"expression": script}));
                let answer = answer.await.ok()?;
                if let Some(thrown) = answer.get("exceptionDetails") {
                    panic!("{selector}: {thrown}");
                }
                answer["result"]["objectId"].as_str().map(str::to_owned)
            }
            Element::Role(role, name) => self.find_role(role, name).await,
        }
    }

    async fn find_role(&self, role: &str, name: &str) -> Option<String> {
        let document = json!({"expression": "document"});
        let document = self.send("Runtime.evaluate", document).await.ok()?;
        let query = json!({
            "objectId": document["result"]["objectId"], "role": role, "accessibleName": name,
        });
        let found = self.send("Accessibility.queryAXTree", query).await.ok()?;
        let nodes = found["nodes"].as_array()?;
        let node = nodes.iter().find(|node| node["ignored"] == false)?;
        let node = json!({"backendNodeId": node["backendDOMNodeId"]});
        let handle = self.send("DOM.resolveNode", node).await.ok()?;
        handle["object"]["objectId"].as_str().map(str::to_owned)
    }

    /// Calls a function on an element, which is `this` there.
    pub(super) async fn call(&self, handle: &str, function: &str, argument: Value) -> Reply {
        let params = json!({
            "objectId": handle, "functionDeclaration": function, "returnByValue": true,
            "awaitPromise": true, "userGesture": true, "arguments": [{"value": argument}],
        });
        value(self.send("Runtime.callFunctionOn", params).await?)
    }

    /// Waits for an element and for what a function says of it, unless it says null. One that the
    /// page has exchanged since it was found is looked for anew.
    pub(super) async fn ask(
        &self,
        element: impl Into<Element>,
        function: &str,
        argument: Value,
    ) -> Value {
        let element = element.into();
        let function = format!(
            "function (argument) {{
                return this.isConnected ? ({function}).call(this, argument) : null;
            }}"
        );
        let mut said = Value::Null;
        self.until(&format!("{element:?}"), async || {
            if let Some(handle) = self.find(&element).await {
                let answer = self.call(&handle, &function, argument.clone()).await;
                said = answer.unwrap_or_default();
            }
            !said.is_null()
        })
        .await;
        said
    }

    /// Whether such an element can be seen now.
    pub async fn sees(&self, element: impl Into<Element>) -> bool {
        match self.find(&element.into()).await {
            Some(handle) => self.call(&handle, SEEN, Value::Null).await == Ok(Value::Bool(true)),
            None => false,
        }
    }

    /// Waits until such an element can be seen.
    pub async fn wait_for(&self, element: impl Into<Element>) {
        let element = element.into();
        let what = format!("{element:?} is seen");
        self.until(&what, async || self.sees(element.clone()).await)
            .await;
    }

    /// Waits until no such element can be seen.
    pub async fn wait_gone(&self, element: impl Into<Element>) {
        let element = element.into();
        let what = format!("{element:?} is gone");
        self.until(&what, async || !self.sees(element.clone()).await)
            .await;
    }

    /// Waits until an element is shown and its text has a part.
    pub async fn wait_text(&self, element: impl Into<Element>, part: &str) {
        let has = "function (part) {
            return this.checkVisibility() && this.innerText.includes(part) || null;
        }";
        self.ask(element, has, part.into()).await;
    }

    /// An element's text as shown.
    pub async fn text(&self, element: impl Into<Element>) -> String {
        let said = self
            .ask(
                element,
                "function () { return this.innerText; }",
                Value::Null,
            )
            .await;
        said.as_str().unwrap().to_owned()
    }

    /// An attribute of an element, if it has it.
    pub async fn attribute(&self, element: impl Into<Element>, name: &str) -> Option<String> {
        let get = "function (name) { return [this.getAttribute(name)]; }";
        let said = self.ask(element, get, name.into()).await;
        said[0].as_str().map(str::to_owned)
    }

    /// A property of an element: `value`, `checked`, `disabled`.
    pub async fn property(&self, element: impl Into<Element>, name: &str) -> Value {
        let get = "function (name) { return [this[name]]; }";
        self.ask(element, get, name.into()).await[0].take()
    }

    /// How many elements a CSS selector finds now.
    pub async fn count(&self, selector: &str) -> u64 {
        let script = format!("document.querySelectorAll({}).length", json!(selector));
        self.eval(&script).await.as_u64().unwrap()
    }

    /// Whether the focus is on such an element.
    pub async fn has_focus(&self, element: impl Into<Element>) -> bool {
        let is = "function () { return this === document.activeElement; }";
        self.ask(element, is, Value::Null).await == true
    }
}
