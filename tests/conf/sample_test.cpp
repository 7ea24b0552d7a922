#include "conf/sample.hpp"

#include "conf/walk.hpp"
#include "tests/conf/load_support.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <fstream>

namespace howdah {

// After a change of the table: HOWDAH_WRITE_SAMPLE=1 build/fast/tests/test_conf "conf/pgpool.conf.sample*"
TEST_CASE("conf/pgpool.conf.sample is what the table says") {
  const std::string path = std::string(PROJECT_DIR) + "/conf/pgpool.conf.sample";
  if (std::getenv("HOWDAH_WRITE_SAMPLE")) std::ofstream(path) << sample_file();
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  CHECK(text.str() == sample_file());
}

TEST_CASE("the sample with its lines uncommented sets every parameter to its default") {
  std::string text;
  std::istringstream sample(sample_file());
  int lines = 0;
  for (std::string line; std::getline(sample, line); text += line + "\n") {
    if (line.size() < 2 || line[0] != '#' || line[1] == ' ' || line[1] == '#') continue;
    line.erase(0, 1);
    ++lines;
  }
  const Loaded loaded = load_text(text + "backend_hostname0 = 'a'\n");
  INFO(said(loaded.findings));
  CHECK_FALSE(has_errors(loaded.findings));
  CHECK_FALSE(has_kind(loaded.findings, FindingKind::unknown_name));
  CHECK_FALSE(has_kind(loaded.findings, FindingKind::unsupported));
  int params = 0;
  for_each_param(loaded.settings, ConstParamVisitor([&](const ParamBase& param) {
                   INFO(param.name());
                   CHECK(param.is_set());
                   CHECK((param.has_default_value() || param.name() == "backend_hostname0"));
                   ++params;
                 }));
  CHECK(lines == params);
}

}  // namespace howdah
