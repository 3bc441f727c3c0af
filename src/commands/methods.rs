//! `wgprune methods`

use super::named::{self, Named};
use crate::cli::NamedArgs;
use wgprune::config::{METHODS, Method, MethodFile};
use wgprune::error::Result;

pub(super) fn run(args: &NamedArgs) -> Result<()> {
    let named = |method: &Method| {
        let MethodFile {
            title, paper, cost, ..
        } = method.file();
        let source = (paper.as_ref()).map_or_else(String::new, |paper| format!(" ({paper})"));
        Named {
            name: method.name,
            about: format!("{title}{source}; extra training: {cost}"),
            facts: [
                ("title", Some(title)),
                ("paper", paper),
                ("cost", Some(cost)),
            ]
            .into_iter()
            .filter_map(|(key, fact)| Some((key, fact?)))
            .collect(),
            text: method.text,
        }
    };
    named::run(args, METHODS.iter().map(named), |name| {
        Method::find(name).map(named)
    })
}
