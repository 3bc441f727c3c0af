//! The examples at the end of each command's help. A test parses every line of them.

pub(super) const MAIN: &str = "Examples:
  wgprune train
  wgprune recipes
  wgprune train --help";

pub(super) const TRAIN: &str = "Examples:
  wgprune train
  wgprune train --config pmp-mnist-98 --data-root ~/data --seed 1
  wgprune train --config lenet-5-mnist --sparsity 0.98 --data fashion-mnist
  wgprune train --model lenet-300-100 --data mnist --data-root ~/data --sparsity 0.98 --epochs 20
  wgprune train --config runs/lenet-5-mnist-mini-progressive-0.9-seed-0/config.toml --out again
  wgprune train --data ./photos --set data.size=96 --skip-bad 3
  wgprune train --set data.rotation=10 --set optimiser.nesterov=true
  wgprune train --model lenet-300-100 --set prune.structure=2:4
  wgprune train --resume runs/lenet-5-mnist-mini-progressive-0.9-seed-0";

pub(super) const EVAL: &str = "Examples:
  wgprune eval runs/lenet-5-mnist-mini-progressive-0.9-seed-0/final.safetensors
  wgprune eval weights.safetensors --model lenet-300-100 --data mnist --data-root ~/data --json
  wgprune eval weights.safetensors --logits logits.safetensors
  wgprune eval weights.safetensors --data ./photos --set data.size=96";

pub(super) const SHOW: &str = "Examples:
  wgprune show
  wgprune show lenet-5
  wgprune show lenet-300-100 --batch 60 --device llvmpipe";

pub(super) const DEVICES: &str = "Examples:
  wgprune devices
  wgprune devices --json";

pub(super) const SELFTEST: &str = "Examples:
  wgprune selftest
  wgprune selftest --device llvmpipe --json";

pub(super) const BENCH: &str = "Examples:
  wgprune bench peak
  wgprune bench model
  wgprune bench layer --model resnet-18 --batch 32";

pub(super) const BENCH_PEAK: &str = "Examples:
  wgprune bench peak
  wgprune bench peak --json --device llvmpipe";

pub(super) const BENCH_KERNEL: &str = "Examples:
  wgprune bench kernel
  wgprune bench kernel --model lenet-300-100 --markdown
  wgprune bench kernel --json > base.json
  wgprune bench kernel --compare base.json --fail-over 10%
  wgprune bench kernel --model resnet-18 --write-tuning tuning.json";

pub(super) const BENCH_MODEL: &str = "Examples:
  wgprune bench model
  wgprune bench model --model resnet-18 --batch 32 --json
  wgprune bench model --model vgg-16 --set tuning.winograd=false";

pub(super) const BENCH_LAYER: &str = "Examples:
  wgprune bench layer --model resnet-18 --batch 32
  wgprune bench layer --set tuning.product=block";

pub(super) const DATA: &str = "Examples:
  wgprune data list
  wgprune data get mnist
  wgprune data verify mnist --data-root ~/data";

pub(super) const DATA_GET: &str = "Examples:
  wgprune data get mnist
  wgprune data get cifar-10 --data-root ~/data
  wgprune data get mnist --mirror http://localhost:8000/mnist";

pub(super) const SWEEP: &str = "Examples:
  wgprune sweep --models lenet-300-100 --methods dense,agp,snip --sparsities 0.9,0.98 --seeds 0,1,2
  wgprune sweep --grid grid.toml --epochs 20 --jobs 2 --out sweep
  wgprune sweep --grid grid.toml --epochs 20 --shard 1/4 --out sweep";

pub(super) const COMPARE: &str = "Examples:
  wgprune compare runs
  wgprune compare sweep
  wgprune compare runs --layers
  wgprune compare runs --csv > runs.csv";

pub(super) const AUTOS: &str = "Examples:
  wgprune autos --model lenet-300-100 --data mnist --epochs 1 --samples 40000 --out regressor.safetensors
  wgprune autos --rounds 40 --by share --epochs 5 --out regressor.safetensors
  wgprune train --method autos --autos-model regressor.safetensors --sparsity 0.95";

pub(super) const METHODS: &str = "Examples:
  wgprune methods
  wgprune methods agp
  wgprune train --method agp --sparsity 0.95
  wgprune train --method agp --set prune.scope=global";

pub(super) const RECIPES: &str = "Examples:
  wgprune recipes
  wgprune recipes pmp-mnist-98
  wgprune recipes lenet-5-mnist > mine.toml
  wgprune train --config mine.toml";

pub(super) const COMPLETIONS: &str = "Examples:
  wgprune completions bash > ~/.local/share/bash-completion/completions/wgprune
  wgprune completions fish > ~/.config/fish/completions/wgprune.fish
  wgprune completions zsh > ~/.zfunc/_wgprune
  wgprune completions powershell >> $PROFILE";

pub(super) const MAN: &str = "Examples:
  wgprune man | man -l -
  wgprune man --dir ~/.local/share/man/man1";
