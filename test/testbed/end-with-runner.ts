/**
 * Runs in each worker before its file. When the runner is killed, vitest lets a worker finish its tests first; this ends
 * it at once, and the reaper then ends its servers. A signal, since vitest forbids process.exit to tests.
 */
process.once("disconnect", () => process.kill(process.pid, "SIGKILL"));
