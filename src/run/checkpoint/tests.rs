//! A crash between any two file operations, or in the middle of one, leaves the old checkpoint or the new one.

use super::*;
use crate::net::{Layer, Net, Shape};
use crate::train::{Cost, Spent};
use std::fs::File;
use std::io::Write;

/// A run folder with nothing but checkpoints and the files that they speak of.
struct Run {
    folder: tempfile::TempDir,
    layout: Layout,
}

impl Run {
    fn new() -> Self {
        let mut net = Net::new("tiny", Shape::features(3));
        let layer = Layer::Linear {
            outputs: 2,
            bias: true,
        };
        net.push("fc", layer).expect("a layer");
        let folder = tempfile::tempdir().expect("a folder");
        for name in [METRICS, RESULTS] {
            Table::create(folder.path().join(name)).expect("a file");
        }
        Self {
            folder,
            layout: Layout {
                model: "tiny".into(),
                parameters: net.parameters(),
                state: vec!["moment1".into(), "moment2".into()],
                identity: Identity {
                    config_sha256: "config".into(),
                    data_sha256: "data".into(),
                },
            },
        }
    }

    fn checkpoints(&self) -> PathBuf {
        self.folder.path().join("checkpoints")
    }

    fn path(&self, step: u32) -> PathBuf {
        self.checkpoints().join(format!("step-{step:08}"))
    }

    /// What a checkpoint of this step holds: numbers that no other step has, and floats that decimals round.
    fn checkpoint(&self, step: u32) -> Checkpoint {
        let value = |i: u32| (f32::from_bits(0x3f80_0001 + i) / 3.0) * (1.0 + step as f32);
        let snapshot = self
            .layout
            .parameters
            .iter()
            .map(|parameter| ParameterState {
                weights: (0..parameter.len()).map(value).collect(),
                mask: (0..parameter.len())
                    .map(|i| u8::from(i % 2 == step % 2))
                    .collect(),
                state: vec![(0..parameter.len()).map(|i| value(i).sqrt()).collect(); 2],
                parameter: parameter.clone(),
            });
        let mut position = Position {
            step,
            spent: Spent {
                seconds: 0.1 + f64::from(step),
                ..Spent::default()
            },
            // Earlier versions saved none.
            cost: (step != 4).then(|| Cost {
                training: u64::MAX - u64::from(step),
                ..Cost::default()
            }),
            ..Position::default()
        };
        position.tally.loss_sum = 1.0 / 3.0 + f64::from(step) * 1e-9;
        Checkpoint {
            position,
            snapshot: snapshot.collect(),
        }
    }

    /// The marks of files that have a line for each step.
    fn marks(&self, step: u32) -> [Mark; 2] {
        [METRICS, RESULTS].map(|name| {
            let text = "line\n".repeat(step as usize);
            let mut file = File::create(self.folder.path().join(name)).expect("a file");
            file.write_all(text.as_bytes()).expect("written");
            Mark {
                bytes: text.len() as u64,
                sha256: sha256(text.as_bytes()),
            }
        })
    }

    fn save(&self, disk: &Disk, step: u32, keep: u32) -> io::Result<()> {
        let (checkpoint, marks) = (self.checkpoint(step), self.marks(step));
        let folder = self.checkpoints();
        save(disk, &folder, &self.layout, &checkpoint, marks)
            .expect("encoded")
            .and_then(|()| tidy(disk, &folder, step, keep))
    }

    /// The step of the newest whole checkpoint, whose content must be that of the step.
    fn newest(&self) -> (Option<u32>, Vec<String>) {
        let (found, skipped) = newest(self.folder.path(), &self.checkpoints(), &self.layout);
        let step = found.map(|found| {
            let step = found.checkpoint.position.step;
            assert_eq!(found.checkpoint, self.checkpoint(step));
            step
        });
        (step, skipped)
    }

    fn steps(&self) -> Vec<u32> {
        let list = list(&self.checkpoints()).expect("a list");
        list.into_iter().map(|(step, _)| step).collect()
    }

    /// Changes a file of a checkpoint.
    fn damage(&self, step: u32, file: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let path = self.path(step).join(file);
        let mut bytes = fs::read(&path).expect("a file");
        change(&mut bytes);
        fs::write(&path, bytes).expect("written");
    }
}

/// Saves step 8 after what `prepare` did, and stops after ever more operations; every time, what is found must be
/// among `wanted`, and a later save must work.
fn stop_everywhere(keep: u32, prepare: impl Fn(&Run), wanted: [Option<u32>; 2]) {
    let mut seen = Vec::new();
    for operations in 0.. {
        let run = Run::new();
        prepare(&run);
        let stopped = run.save(&Disk::failing_after(operations), 8, keep).is_err();
        let (found, _) = run.newest();
        assert!(
            wanted.contains(&found),
            "{found:?} after {operations} operations"
        );
        let last = fs::read_to_string(run.checkpoints().join(LAST)).unwrap_or_default();
        assert!(
            ["", "step-00000004\n", "step-00000008\n"].contains(&&last[..]),
            "{last}"
        );
        seen.push(found);
        run.save(&Disk::default(), 9, 1).expect("room");
        assert_eq!((run.newest().0, run.steps()), (Some(9), vec![9]));
        let mut left: Vec<_> = (fs::read_dir(run.checkpoints()).expect("a folder"))
            .map(|entry| entry.expect("an entry").file_name())
            .collect();
        left.sort();
        assert_eq!(
            left,
            [LAST, "step-00000009"],
            "after {operations} operations"
        );
        if !stopped {
            assert!(operations > 10, "few operations: {operations}");
            break;
        }
    }
    assert!(wanted.iter().all(|step| seen.contains(step)), "{seen:?}");
}

#[test]
fn a_crash_anywhere_in_a_save_leaves_the_old_checkpoint_or_the_new_one() {
    stop_everywhere(1, |_| {}, [None, Some(8)]);
    for keep in [1, 2] {
        let prepare = |run: &Run| {
            for step in [0, 4] {
                run.save(&Disk::default(), step, keep).expect("room");
            }
        };
        stop_everywhere(keep, prepare, [Some(4), Some(8)]);
    }
}

#[test]
fn a_crash_while_a_damaged_checkpoint_is_replaced_leaves_the_older_one_or_the_new_one() {
    let prepare = |run: &Run| {
        for step in [4, 8] {
            run.save(&Disk::default(), step, 2).expect("room");
        }
        run.damage(8, MODEL, |bytes| bytes.truncate(9));
        assert_eq!(run.newest().0, Some(4));
    };
    stop_everywhere(2, prepare, [Some(4), Some(8)]);
}

#[test]
fn a_position_of_an_earlier_version_is_sealed_as_it_was() {
    let run = Run::new();
    for (step, is_there) in [(4, false), (8, true)] {
        run.save(&Disk::default(), step, 2).expect("room");
        let meta = fs::read_to_string(run.path(step).join(META)).expect("a file");
        assert_eq!(meta.contains("cost"), is_there, "{meta}");
        assert_eq!(run.newest().0, Some(step));
    }
}

#[test]
fn any_flipped_byte_and_any_cut_is_noticed() {
    let run = Run::new();
    for step in [4, 8] {
        run.save(&Disk::default(), step, 2).expect("room");
    }
    for file in [MODEL, STATE, META] {
        let whole = fs::read(run.path(8).join(file)).expect("a file");
        for at in (0..whole.len()).step_by(7).chain([whole.len() - 2]) {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            // Another form of the same values is no damage.
            let same = |bytes: &[u8]| serde_json::from_slice::<Sealed>(bytes).ok();
            if file == META && same(&bytes).is_some_and(|meta| Some(meta) == same(&whole)) {
                continue;
            }
            fs::write(run.path(8).join(file), bytes).expect("written");
            let (found, skipped) = run.newest();
            assert_eq!(found, Some(4), "byte {at} of {file}");
            assert!(
                skipped[0].contains("step-00000008") && skipped[0].contains(file),
                "{skipped:?}"
            );
        }
        fs::write(run.path(8).join(file), &whole[..whole.len() / 2]).expect("written");
        assert_eq!(run.newest().0, Some(4), "half of {file}");
        fs::remove_file(run.path(8).join(file)).expect("removed");
        assert_eq!(run.newest().0, Some(4), "no {file}");
        fs::write(run.path(8).join(file), whole).expect("written");
        assert_eq!(run.newest().0, Some(8));
    }
}

#[test]
fn what_fits_its_hashes_but_not_the_run_is_skipped() {
    let run = Run::new();
    run.save(&Disk::default(), 4, 9).expect("room");
    let mut other = Run::new().layout;
    other.identity.data_sha256 = "other".into();
    let mut wide = Run::new().layout;
    wide.parameters.pop();
    let [mut infinite, mut longer] = [8, 9].map(|step| run.checkpoint(step));
    infinite.snapshot[0].state[1][2] = f32::INFINITY;
    longer.position.step = 9;
    let marks = || run.marks(4);
    let save = |layout: &Layout, checkpoint: &Checkpoint, marks| {
        let saved = save(
            &Disk::default(),
            &run.checkpoints(),
            layout,
            checkpoint,
            marks,
        );
        saved.expect("encoded").expect("room");
    };
    save(&other, &run.checkpoint(6), marks());
    save(&run.layout, &infinite, marks());
    let beyond = run.marks(9);
    save(&run.layout, &longer, beyond);
    run.marks(4);
    let (found, skipped) = run.newest();
    assert_eq!(found, Some(4));
    assert!(
        skipped[0].contains("metrics.jsonl ends after 20 bytes of 45"),
        "{skipped:?}"
    );
    assert!(
        skipped[1].contains("moment2.fc.weight has a value that is not finite"),
        "{skipped:?}"
    );
    assert!(skipped[2].contains("another run"), "{skipped:?}");
    let (none, skipped) = newest(run.folder.path(), &run.checkpoints(), &wide);
    assert!(none.is_none());
    assert!(
        skipped[3].contains("fc.bias is not part of tiny"),
        "{skipped:?}"
    );
}
