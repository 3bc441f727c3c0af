//! `wgprune selftest`

use super::{adapter_json, error_json, open, print};
use crate::cli::SelftestArgs;
use serde_json::{Map, Value, json};
use std::time::Instant;
use wgprune::error::Result;
use wgprune::gpu::{AdapterFacts, Options};
use wgprune::selftest::{Report, Row, selftest};

/// Of the line of JSON. It grows when a field goes away or changes its meaning.
const SCHEMA: u32 = 1;

pub(super) fn run(args: &SelftestArgs, start: Instant) -> Result<()> {
    let gpu = open(Options {
        selector: args.device.selector.clone(),
        canaries: true,
        ..Options::default()
    })?;
    let report = selftest(&gpu)?;
    let seconds = start.elapsed().as_secs_f64();
    if args.json {
        print(line(&report, seconds))?;
    } else {
        table(&report, seconds)?;
    }
    report.verdict()
}

fn line(report: &Report, seconds: f64) -> Value {
    let facts: Map<String, Value> = (report.facts.iter())
        .map(|fact| (fact.name.to_owned(), json!(fact.value)))
        .collect();
    let ops: Vec<Value> = (report.rows.iter())
        .map(|row| {
            let finding = &row.finding;
            json!({
                "op": row.op,
                "direction": finding.direction,
                "kernels": finding.kernels,
                "shape": row.shape,
                // JSON has no infinity; where an exact value is wrong, there is no number.
                "worst": finding.worst,
                "repeats": finding.repeats,
                "passed": row.passed(),
                "fault": finding.fault,
            })
        })
        .collect();
    json!({
        "schema": SCHEMA,
        "wgprune": env!("CARGO_PKG_VERSION"),
        "adapter": adapter_json(&report.adapter),
        "facts": facts,
        "ops": ops,
        "passed": report.passed(),
        "error": report.verdict().err().map(|error| error_json(&error)),
        "seconds": (seconds * 100.0).round() / 100.0,
    })
}

fn table(report: &Report, seconds: f64) -> Result<()> {
    let AdapterFacts {
        name,
        backend,
        driver,
        ..
    } = &report.adapter;
    let version = env!("CARGO_PKG_VERSION");
    print(format!(
        "wgprune {version} on {name} ({backend}, {driver})\n"
    ))?;
    let widths = |of: fn(&Row) -> usize| report.rows.iter().map(of).max().unwrap_or(0);
    let variant_width = widths(|row| row.variant().len()).max(7);
    let shape_width = widths(|row| row.shape.len());
    print(format!(
        "{:13} {:11} {:variant_width$} {:shape_width$}  {:>11}  {:7}  verdict",
        "op", "direction", "variant", "shape", "error/bound", "repeats"
    ))?;
    for row in &report.rows {
        let (finding, variant) = (&row.finding, row.variant());
        print(format!(
            "{:13} {:11} {:variant_width$} {:shape_width$}  {:>11.4}  {:7}  {}",
            row.op,
            finding.direction,
            variant,
            row.shape,
            finding.worst,
            if finding.repeats { "equal" } else { "differ" },
            if row.passed() { "ok" } else { "WRONG" }
        ))?;
    }
    print("")?;
    for fact in &report.facts {
        let wrong = if fact.fault.is_some() { "  WRONG" } else { "" };
        print(format!("{:26} {}{wrong}", fact.name, fact.value))?;
    }
    let (checks, wrong) = (report.rows.len(), report.faults().count());
    let verdict = if wrong == 0 { "passed" } else { "FAILED" };
    print(format!(
        "\n{verdict}: {checks} checks, {wrong} wrong, {seconds:.1} s"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use wgprune::check::Finding;
    use wgprune::error::ErrorKind;
    use wgprune::gpu::list_adapters;

    #[test]
    fn a_report_with_a_fault_is_one_line_with_the_error_in_it() {
        let finding = Finding {
            direction: "forward",
            kernels: vec!["relu_forward".into()],
            worst: f64::INFINITY,
            repeats: false,
            fault: Some("y[0] is 1, not 2".into()),
        };
        let report = Report {
            adapter: list_adapters().remove(0),
            rows: vec![Row {
                op: "relu",
                shape: "7".into(),
                finding,
            }],
            facts: Vec::new(),
        };
        let error = report.verdict().expect_err("a fault");
        assert_eq!(
            (error.kind, error.kind.exit_code()),
            (ErrorKind::SelfTest, 9)
        );
        let line = line(&report, 1.0);
        assert_eq!(
            (&line["passed"], &line["error"]["code"]),
            (&json!(false), &json!(9))
        );
        assert!(line["ops"][0]["worst"].is_null() && line["ops"][0]["passed"] == false);
        for part in ["relu forward", "relu_forward", "y[0] is 1, not 2"] {
            let what = line["error"]["what"].as_str().expect("text");
            assert!(what.contains(part), "{part}: {what}");
        }
    }
}
