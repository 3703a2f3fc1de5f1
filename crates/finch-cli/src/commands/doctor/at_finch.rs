//! Whether Finch answers, and knows the application.

use finch_core::{FinchApi as _, FinchApiError};

use super::{Findings, settings::Settings};
use crate::fail::finch_failed;

pub(super) async fn look(settings: &Settings, findings: &mut Findings) {
    let Some(http) = &settings.http else {
        findings.not_looked_at("Finch", "the settings for it are incomplete");
        return findings.not_looked_at("credentials", "Finch was not asked");
    };
    let origin = &http.application().origin;
    let reached = format!("{origin} answers");
    match http.check().await {
        Ok(_) => {
            findings.good("Finch", reached);
            if settings.has_secret {
                findings.good("credentials", "Finch does not refuse them");
            } else {
                findings.not_looked_at("credentials", "there is no client secret");
            }
        }
        Err(FinchApiError::InvalidClient(_)) if !settings.has_secret => {
            findings.good("Finch", reached);
            findings.not_looked_at("credentials", "there is no client secret");
        }
        Err(error @ FinchApiError::InvalidClient(_)) => {
            findings.good("Finch", reached);
            findings.bad("credentials", finch_failed("Finch refuses them", &error));
        }
        Err(error) => {
            let answered = error.answer().is_some();
            let what = if answered { "answers, and not as it should" } else { "cannot be reached" };
            findings.bad("Finch", finch_failed(format!("{origin} {what}"), &error));
            findings.not_looked_at("credentials", "Finch did not say");
        }
    }
}
