// What one worker says about itself when asked: its clients and server connections as plain values.
#pragma once

#include "gateway/io/worker.hpp"
#include "gateway/stats.hpp"

namespace howdah {

// On the worker's thread, in Worker::inspect().
WorkerStats stats_of(const Worker& worker, StatsWanted wanted);

}  // namespace howdah
