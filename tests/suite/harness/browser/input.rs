//! Mouse and keyboard, as the browser receives them from the system.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::find::Element;
use super::page::Page;

/// Where an element can be hit; null while it is hidden, disabled, moving or covered.
const POINT: &str = "async function () {
    if (this.disabled) return null;
    this.scrollIntoView({block: 'center', inline: 'center', behavior: 'instant'});
    const before = this.getBoundingClientRect();
    await new Promise(requestAnimationFrame);
    const box = this.getBoundingClientRect();
    if (box.width === 0 || box.height === 0) return null;
    if (box.x !== before.x || box.y !== before.y) return null;
    const line = this.getClientRects()[0];
    const x = line.x + line.width / 2, y = line.y + line.height / 2;
    const hit = document.elementFromPoint(x, y);
    const own = hit && (this.contains(hit) || hit.closest('label')?.control === this);
    return own ? {x, y} : null;
}";

/// The same, for pages that run no script and so paint no frames for it.
const POINT_AT_ONCE: &str = "function () {
    this.scrollIntoView({block: 'center', inline: 'center', behavior: 'instant'});
    const box = this.getBoundingClientRect();
    if (box.width === 0 || box.height === 0) return null;
    return {x: box.x + box.width / 2, y: box.y + box.height / 2};
}";

const ALT: u8 = 1;
const CONTROL: u8 = 2;
const META: u8 = 4;
const SHIFT: u8 = 8;

/// A key: what it gives, where it is, its old number, what it types.
struct Key {
    gives: String,
    code: String,
    number: u32,
    text: String,
}

/// Keys with a name, as `KeyboardEvent.key` has it.
const NAMED: [(&str, u32, &str); 14] = [
    ("Enter", 13, "\r"),
    ("Tab", 9, ""),
    ("Escape", 27, ""),
    ("Backspace", 8, ""),
    ("Delete", 46, ""),
    ("Home", 36, ""),
    ("End", 35, ""),
    ("PageUp", 33, ""),
    ("PageDown", 34, ""),
    ("ArrowLeft", 37, ""),
    ("ArrowUp", 38, ""),
    ("ArrowRight", 39, ""),
    ("ArrowDown", 40, ""),
    ("Space", 32, " "),
];

impl Key {
    fn named(name: &str) -> Self {
        let owned = |(key, code, number, text): (&str, &str, u32, &str)| Self {
            gives: key.to_owned(),
            code: code.to_owned(),
            number,
            text: text.to_owned(),
        };
        if let Some((_, number, text)) = NAMED.iter().find(|(known, ..)| *known == name) {
            let key = if name == "Space" { " " } else { name };
            return owned((key, name, *number, text));
        }
        let mut characters = name.chars();
        let (Some(character), None) = (characters.next(), characters.next()) else {
            panic!("no key is called {name}");
        };
        let upper = character.to_ascii_uppercase();
        let code = match upper {
            'A'..='Z' => format!("Key{upper}"),
            '0'..='9' => format!("Digit{upper}"),
            _ => String::new(),
        };
        let number = if code.is_empty() { 0 } else { u32::from(upper) };
        owned((name, &code, number, name))
    }
}

impl Page {
    /// Clicks an element, once it can be hit.
    pub async fn click(&self, element: impl Into<Element>) {
        self.press(element).await.await;
    }

    /// Presses the mouse on an element, once it can be hit; what is returned releases it.
    pub async fn press(&self, element: impl Into<Element>) -> impl Future<Output = ()> {
        let (x, y) = self.point(element).await;
        self.mouse("mousePressed", x, y, 1).await;
        self.mouse("mouseReleased", x, y, 0)
    }

    /// Moves the mouse over an element.
    pub async fn hover(&self, element: impl Into<Element>) {
        self.point(element).await;
    }

    /// Drags from one element to another.
    pub async fn drag(&self, from: impl Into<Element>, to: impl Into<Element>) {
        let (x, y) = self.point(from).await;
        self.mouse("mousePressed", x, y, 1).await;
        let box_of = "function () {
            const box = this.getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2];
        }";
        let end = self.ask(to, box_of, Value::Null).await;
        let (to_x, to_y) = (end[0].as_f64().unwrap(), end[1].as_f64().unwrap());
        for step in 1..=4 {
            let part = f64::from(step) / 4.0;
            let (x, y) = (x + (to_x - x) * part, y + (to_y - y) * part);
            self.mouse("mouseMoved", x, y, 1).await;
        }
        self.mouse("mouseReleased", to_x, to_y, 0).await;
    }

    async fn point(&self, element: impl Into<Element>) -> (f64, f64) {
        let function = if self.scripted.load(Ordering::Relaxed) {
            POINT
        } else {
            POINT_AT_ONCE
        };
        let point = self.ask(element, function, Value::Null).await;
        let (x, y) = (point["x"].as_f64().unwrap(), point["y"].as_f64().unwrap());
        self.mouse("mouseMoved", x, y, 0).await;
        (x, y)
    }

    async fn mouse(&self, kind: &str, x: f64, y: f64, buttons: u8) {
        let button = if kind == "mouseMoved" && buttons == 0 {
            "none"
        } else {
            "left"
        };
        let params = json!({
            "type": kind, "x": x, "y": y, "button": button, "buttons": buttons, "clickCount": 1,
        });
        // The page may be gone by the release, when the press was what it waited for.
        drop(self.send("Input.dispatchMouseEvent", params).await);
    }

    /// Presses keys one after the other, separated by spaces: `"j Shift+D Control+k Enter ?"`.
    /// With Shift a letter is written as it comes out; the space bar is `Space`.
    pub async fn keys(&self, keys: &str) {
        for chord in keys.split(' ') {
            self.chord(chord).await;
        }
    }

    /// Types a text key by key, where the focus is.
    pub async fn type_text(&self, text: &str) {
        for character in text.chars() {
            match character {
                ' ' => self.chord("Space").await,
                '\n' => self.chord("Enter").await,
                other => self.strike(&Key::named(&other.to_string()), 0).await,
            }
        }
    }

    async fn chord(&self, chord: &str) {
        let mut held = 0;
        let mut rest = chord;
        while let Some((name, after)) = rest.split_once('+').filter(|(name, _)| !name.is_empty()) {
            held |= match name {
                "Alt" => ALT,
                "Control" => CONTROL,
                "Meta" => META,
                "Shift" => SHIFT,
                _ => panic!("{chord}: no key to hold is called {name}"),
            };
            rest = after;
        }
        self.strike(&Key::named(rest), held).await;
    }

    async fn strike(&self, key: &Key, held: u8) {
        let types = if held & !SHIFT == 0 {
            key.text.as_str()
        } else {
            ""
        };
        let down = if types.is_empty() {
            "rawKeyDown"
        } else {
            "keyDown"
        };
        for (kind, text) in [(down, types), ("keyUp", "")] {
            let params = json!({
                "type": kind, "key": key.gives, "code": key.code, "modifiers": held,
                "windowsVirtualKeyCode": key.number, "text": text,
            });
            // The key may have closed the page.
            drop(self.send("Input.dispatchKeyEvent", params).await);
        }
    }

    /// Puts a text into a field, in place of what was there.
    pub async fn fill(&self, element: impl Into<Element>, text: &str) {
        let element = element.into();
        let what = format!("{element:?} holds what was typed: {text:?}");
        let holds = "function (text) { return this.value === text; }";
        self.until(&what, async || {
            // The page may exchange the field before the text arrives.
            self.type_over(element.clone(), text).await;
            self.ask(element.clone(), holds, text.into()).await == true
        })
        .await;
    }

    async fn type_over(&self, element: Element, text: &str) {
        let select = "function () {
            if (this.disabled || this.readOnly) return null;
            this.focus();
            this.select();
            return document.activeElement === this || null;
        }";
        self.ask(element, select, Value::Null).await;
        if text.is_empty() {
            self.keys("Delete").await;
        } else {
            let params = json!({"text": text});
            self.send("Input.insertText", params).await.unwrap();
        }
    }

    /// Chooses an option of a select field by its value.
    pub async fn choose(&self, element: impl Into<Element>, option: &str) {
        let choose = "function (option) {
            this.value = option;
            if (this.value !== option) return null;
            this.dispatchEvent(new Event('input', {bubbles: true}));
            this.dispatchEvent(new Event('change', {bubbles: true}));
            return true;
        }";
        self.ask(element, choose, option.into()).await;
    }
}
