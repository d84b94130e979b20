//! How a page is looked at: size, scheme, motion, contrast, zone, connection.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::page::Page;

/// What a page is told about the person, the screen and the system.
#[derive(Clone, Copy)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own in the system"
)]
pub struct Look {
    dark: bool,
    width: u32,
    height: u32,
    reduced_motion: bool,
    forced_colors: bool,
    more_contrast: bool,
    touch: bool,
    script: bool,
    zone: &'static str,
}

impl Look {
    /// A desktop of 1280 by 800 pixels, light, in UTC.
    pub fn light() -> Self {
        Self {
            dark: false,
            width: 1280,
            height: 800,
            reduced_motion: false,
            forced_colors: false,
            more_contrast: false,
            touch: false,
            script: true,
            zone: "UTC",
        }
    }

    /// The same, dark.
    pub fn dark() -> Self {
        Self {
            dark: true,
            ..Self::light()
        }
    }

    /// A telephone: 320 pixels wide, which is also a desktop at 400 %, and touched.
    pub fn mobile() -> Self {
        Self {
            touch: true,
            ..Self::light().size(320, 640)
        }
    }

    /// Another size in CSS pixels.
    pub fn size(self, width: u32, height: u32) -> Self {
        Self {
            width,
            height,
            ..self
        }
    }

    /// Another width in CSS pixels.
    pub fn width(self, width: u32) -> Self {
        Self { width, ..self }
    }

    /// Somebody whom movement makes ill.
    pub fn reduced_motion(self) -> Self {
        Self {
            reduced_motion: true,
            ..self
        }
    }

    /// Colours that the system chooses, as in Windows' contrast themes.
    pub fn forced_colors(self) -> Self {
        Self {
            forced_colors: true,
            ..self
        }
    }

    /// Somebody who asked the system for more contrast.
    pub fn more_contrast(self) -> Self {
        Self {
            more_contrast: true,
            ..self
        }
    }

    /// A browser in which pages run no script. Tests still ask it by script.
    pub fn without_script(self) -> Self {
        Self {
            script: false,
            ..self
        }
    }

    /// Another time zone, by its IANA name.
    pub fn zone(self, zone: &'static str) -> Self {
        Self { zone, ..self }
    }

    fn media(self) -> Value {
        let choose = |on: bool, yes: &'static str, no: &'static str| if on { yes } else { no };
        json!({"features": [
            {"name": "prefers-color-scheme", "value": choose(self.dark, "dark", "light")},
            {"name": "prefers-reduced-motion",
                "value": choose(self.reduced_motion, "reduce", "no-preference")},
            {"name": "forced-colors", "value": choose(self.forced_colors, "active", "none")},
            {"name": "prefers-contrast",
                "value": choose(self.more_contrast, "more", "no-preference")},
        ]})
    }
}

impl Page {
    /// Changes how the page is looked at, while it is open.
    pub async fn look(&self, look: Look) {
        self.scripted.store(look.script, Ordering::Relaxed);
        let metrics = json!({
            "width": look.width, "height": look.height, "deviceScaleFactor": 1,
            "mobile": look.touch,
        });
        let touch = json!({"enabled": look.touch, "maxTouchPoints": 1});
        let script = json!({"value": !look.script});
        for (method, params) in [
            ("Emulation.setDeviceMetricsOverride", metrics),
            ("Emulation.setTouchEmulationEnabled", touch),
            ("Emulation.setEmulatedMedia", look.media()),
            (
                "Emulation.setTimezoneOverride",
                json!({"timezoneId": look.zone}),
            ),
            ("Emulation.setScriptExecutionDisabled", script),
        ] {
            self.send(method, params).await.unwrap();
        }
    }

    /// Takes the network away, or gives it back; what streams breaks off.
    pub async fn offline(&self, offline: bool) {
        let params = json!({
            "offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1,
        });
        self.send("Network.emulateNetworkConditions", params)
            .await
            .unwrap();
    }
}
