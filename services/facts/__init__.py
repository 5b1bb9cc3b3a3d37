"""事实 · Words, states and facts of kinds whose workflow would not fit one file."""
