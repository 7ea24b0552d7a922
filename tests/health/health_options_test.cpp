#include "health/health_options.hpp"

#include <catch2/catch.hpp>

using namespace howdah;
using namespace howdah::health;

namespace {

Settings with_nodes(DetectionProfile profile) {
  Settings settings;
  settings.nodes.resize(2);
  settings.nodes[0].id = NodeId{0};
  settings.nodes[1].id = NodeId{1};
  settings.howdah.detection_profile.set(profile);
  return settings;
}

}  // namespace

TEST_CASE("the profile says how long silence may last where the file says nothing of it") {
  struct Row {
    DetectionProfile profile;
    Duration answer, silence, period;
  };
  const Row row = GENERATE(values<Row>({{DetectionProfile::fast, 400ms, 1100ms, 100ms}, {DetectionProfile::calm, 1s, 3s, 500ms}}));
  const HealthOptions options = options_from_settings(with_nodes(row.profile));
  CHECK(options.probe_period == row.period);
  for (const NodeOptions& node : options.nodes) {
    CHECK(node.is_silence_final);
    CHECK(node.answer_deadline == row.answer);
    CHECK(node.check_timeout == row.silence);
  }
}

TEST_CASE("health_check_* of the file count to the letter, also for one node only") {
  Settings settings = with_nodes(DetectionProfile::calm);
  settings.nodes[1].health_check_timeout.set(20s);
  settings.nodes[1].health_check_max_retries.set(3);
  const HealthOptions options = options_from_settings(settings);
  CHECK(options.nodes[0].is_silence_final);
  CHECK_FALSE(options.nodes[1].is_silence_final);
  CHECK(options.nodes[1].check_timeout == 20s);
  CHECK(options.nodes[1].max_retries == 3);
  CHECK(options.nodes[1].answer_deadline == 1s);
}
