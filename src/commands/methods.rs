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
        Named {
            name: method.name,
            about: format!("{title} ({paper}); extra training: {cost}"),
            facts: vec![("title", title), ("paper", paper), ("cost", cost)],
            text: method.text,
        }
    };
    named::run(args, METHODS.iter().map(named), |name| {
        Method::find(name).map(named)
    })
}
