//! The emulator's own pages.

use finch_browser::{Browser, Driver, Mode};
use finch_emulator::Emulator;

#[tokio::test]
async fn the_dashboard_is_for_everybody() {
    let Some(driver) = Driver::start() else { return };
    let emulator = Emulator::start().await.expect("an emulator");
    for (mode, name) in [(Mode::Desktop, "light"), (Mode::Dark, "dark"), (Mode::Phone, "phone")] {
        let browser = Browser::open(&driver, mode).await;
        browser.goto(emulator.url()).await;
        browser.is_accessible().await;
        assert!(browser.fits_the_screen().await);
        browser.picture(&format!("emulator-{name}")).await;
        browser.close().await;
    }
}
