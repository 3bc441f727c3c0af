//! Training with pruning: the loop, and the parts it is made of.

mod checks;
mod choices;
mod clock;
mod cost;
mod evaluate;
mod fit;
mod length;
mod mask;
mod report;
mod schedule;
mod scope;
mod score;
mod session;
mod settings;
mod watch;

pub use checks::{check_augmentation, check_batch, check_data, train_images};
pub use choices::choices;
pub use clock::Spent;
pub use cost::{Cost, LayerCount, Passes};
pub use evaluate::Evaluator;
pub use fit::{fit, keeping};
pub use length::Length;
pub use report::{Checkpoint, EpochSummary, Finish, Observer, Outcome, Position};
pub use schedule::{
    Curve, LearningRate, Moment, OneCycle, Ramp, RateShape, Regrowth, Rounds, Schedule, kept_at,
    moved_at,
};
pub use scope::{Prunable, erk, smart, wanted};
pub use score::{ImageSet, Score};
pub use session::{ParameterState, Readings, STEP, Session, Snapshot};
pub use settings::settings;

use clock::Clock;
use watch::check_finite;

use crate::config::Config;
use crate::error::Result;
use std::time::Duration;

/// How long the metrics table may go unread, so that a person sees progress.
const UNREAD: Duration = Duration::from_secs(1);

/// How long a run may go without a checkpoint.
const UNSAVED: Duration = Duration::from_secs(60);

/// Trains and prunes to the end of `schedule`, from the initial weights of `config` or from a checkpoint of the same
/// run. Tells `observer` a checkpoint at step 0, at the end of every epoch, and a minute after the last one.
///
/// `stop` is asked after each step, with the number of steps done. Once it says so, and it must not change its mind
/// then, the step or epoch is brought to its end, a checkpoint is told, and the run stops there. When the clock reads
/// metrics or tells a checkpoint changes nothing of what the run reaches.
///
/// # Errors
/// A loss, gradient or update that is not finite, a mask that is not what was asked for, a checkpoint that does not
/// fit the session, a device that fails, or what `observer` refuses.
pub fn train(
    session: &mut Session,
    config: &Config,
    schedule: &Schedule,
    from: Option<Checkpoint>,
    stop: &dyn Fn(u32) -> bool,
    observer: &mut dyn Observer,
) -> Result<Outcome> {
    let mut position = begin(session, config, schedule, from, observer)?;
    let mut kept = session.read()?.kept;
    let dense = session.macs(session.prunable());
    let mut clock = Clock::start(position.spent);
    for step in position.step..schedule.steps {
        let now = schedule.moment(step);
        if now.is_drawn_for(schedule.epoch) {
            session.shuffle(schedule.order_of(step));
        }
        mask::remember(session, config, schedule, step)?;
        // What grows may go by the gradients of the step before, which no checkpoint has.
        let grows = schedule.regrowth.is_some();
        let changed = if (step == 0 || !grows) && mask::changes(schedule, step) {
            let cost = &mut position.cost;
            Some(mask::change(session, config, schedule, step, cost)?)
        } else {
            None
        };
        let rate = &schedule.learning_rate;
        let optimiser = config.optimiser.with_momentum(rate.momentum_at(now.step));
        session.step_since(now.first, now.step, rate.at(now.step), &optimiser)?;
        position.step = step + 1;
        if let Some(cost) = &mut position.cost {
            let sparse = session.macs(changed.as_ref().unwrap_or(&kept));
            cost.add_step(
                sparse,
                dense,
                mask::grows_by_gradients(config, schedule, step),
            );
        }
        let ends_run = position.step == schedule.steps;
        let ends_epoch = schedule.ends_epoch(step);
        let changes = grows && !ends_run && mask::changes(schedule, position.step);
        let saves = ends_epoch || stop(position.step) || clock.unsaved() > UNSAVED;
        if saves
            || changed.is_some()
            || changes
            || session.is_full()
            || clock.first().is_none()
            || clock.unread() > UNREAD
        {
            let first = position.step - session.unread();
            let readings = session.read()?;
            observer.steps(first, &readings.records, schedule)?;
            check_finite(first, &readings.records, session)?;
            position.tally.add_all(&readings.records);
            kept = readings.kept;
            clock.mark_read();
        }
        clock.stepped(config.train.batch);
        if let Some(kept) = changed {
            observer.pruned(step, session.sparsity(&kept), &kept)?;
        }
        if saves {
            clock.pause();
        }
        if ends_epoch {
            let summary = EpochSummary {
                epoch: schedule.epoch_of(step),
                step: position.step,
                train: std::mem::take(&mut position.tally),
                validation: session
                    .has_validation()
                    .then(|| session.evaluate(ImageSet::Validation))
                    .transpose()?,
                test: session.evaluate(ImageSet::Test)?,
                sparsity: session.sparsity(&kept),
                seconds: clock.spent().seconds,
            };
            observer.epoch(&summary)?;
            position.last = Some(summary);
        }
        if changes {
            if ends_epoch {
                // Evaluation forgets the order of images, which weights may be ranked by.
                session.shuffle(schedule.order_of(position.step));
            }
            let cost = &mut position.cost;
            kept = mask::change(session, config, schedule, position.step, cost)?;
            observer.pruned(position.step, session.sparsity(&kept), &kept)?;
        }
        if !saves {
            continue;
        }
        position.spent = clock.spent();
        let snapshot = session.snapshot()?;
        observer.checkpoint(&Checkpoint { position, snapshot })?;
        clock.mark_saved();
        // Asked again, as evaluation may have taken long.
        if !ends_run && stop(position.step) {
            return Ok(Outcome::Stopped(position.step));
        }
        clock.resume();
    }
    let last = position
        .last
        .expect("a run has at least one step, and the last one ends an epoch");
    Ok(Outcome::Finished(Box::new(Finish {
        last,
        kept: kept.iter().sum(),
        spent: position.spent,
        cost: position.cost,
        first_step: clock.first(),
    })))
}

/// Puts the session where the run begins or goes on.
fn begin(
    session: &mut Session,
    config: &Config,
    schedule: &Schedule,
    from: Option<Checkpoint>,
    observer: &mut dyn Observer,
) -> Result<Position> {
    if let Some(Checkpoint { position, snapshot }) = from {
        session.restore(&snapshot)?;
        // The loop draws the order of an epoch only at its first step.
        session.shuffle(schedule.order_of(position.step));
        return Ok(position);
    }
    warn_of_short_training(schedule);
    session.initialise(config)?;
    let position = Position {
        cost: Some(Cost::default()),
        ..Position::default()
    };
    let snapshot = session.snapshot()?;
    observer.checkpoint(&Checkpoint { position, snapshot })?;
    Ok(position)
}

/// What was removed last should have an epoch to be made up for.
fn warn_of_short_training(schedule: &Schedule) {
    let (Some(left), epoch) = (schedule.steps_at_target(), schedule.epoch) else {
        return;
    };
    if left >= epoch {
        return;
    }
    let remedy = match schedule.rounds {
        Some(_) => "or each round the whole budget: --set prune.round_budget=each",
        None => "or an earlier prune.end",
    };
    log::warn!(
        "training goes on for {left} steps at the last sparsity, less than an epoch of {epoch}; give more --epochs, {remedy}"
    );
}
