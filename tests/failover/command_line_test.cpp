#include "failover/command_line.hpp"

#include <catch2/catch.hpp>

using namespace howdah;
using failover::CommandNodes;
using failover::expand_command;

namespace {

const health::NodeOptions kOld{.id = NodeId{0}, .host = "db0", .port = 5432, .data_directory = "/data/zero"};
const health::NodeOptions kNew{.id = NodeId{1}, .host = "db1", .port = 5433, .data_directory = "/data/one"};
const health::NodeOptions kOdd{.id = NodeId{2}, .host = "a b'c\"d$(e)`f`\\", .port = 1};

}  // namespace

TEST_CASE("placeholders are Pgpool's") {
  CHECK(expand_command("f %d %h %p %D %m %H %r %R %M %P %N %S %%", {&kOld, &kNew, &kOld, &kOld}) ==
        "f 0 db0 5432 /data/zero 1 db1 5433 /data/one 0 0 db0 5432 %");
  CHECK(expand_command("f %d %h %m %H %P|", {}) == "f -1 '' -1 '' -1|");
  CHECK(expand_command("f %x 100%", {}) == "f  100%");
}

TEST_CASE("a value is text to the shell, whatever quotes stand around the placeholder") {
  const CommandNodes odd{&kOdd, nullptr, nullptr, nullptr};
  CHECK(expand_command("f %h > log", odd) == R"(f 'a b'\''c"d$(e)`f`\' > log)");
  CHECK(expand_command("f '%h'", odd) == R"(f 'a b'\''c"d$(e)`f`\')");
  CHECK(expand_command("f \"%h\"", odd) == R"(f "a b'c\"d\$(e)\`f\`\\")");
  CHECK(expand_command(R"(f \"%h)", odd) == R"(f \"'a b'\''c"d$(e)`f`\')");
}
