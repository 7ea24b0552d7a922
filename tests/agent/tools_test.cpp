#include "agent/tools.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

using namespace howdah;
using namespace howdah::agent;

namespace {

AgentOptions options() {
  AgentOptions out;
  out.data_directory = "/data";
  out.bin_directory = "/bin";
  out.replication_conninfo = "user=r password=secret";
  out.rewind_conninfo = "user=w password='it is' dbname=d";
  out.server_timeout = 30s;
  return out;
}

std::string text_of(const Program& program) {
  std::string text;
  for (const auto& [name, value] : program.environment) text += fmt::format("{}={} ", name, value);
  return text + fmt::format("{}", fmt::join(program.argv, " "));
}

}  // namespace

TEST_CASE("programs are called with their arguments apart, and passwords are not among them") {
  CHECK(text_of(stop_server(options(), "fast")) == "/bin/pg_ctl -D /data -m fast -w -t 30 stop");
  CHECK(text_of(start_server(options())) == "/bin/pg_ctl -D /data -w -t 30 -l /dev/null start");
  CHECK(text_of(*rewind(options(), "b", 5433)) ==
        "PGPASSWORD=it is /bin/pg_rewind -D /data "
        "--source-server=dbname='postgres' host='b' port='5433' user='w' dbname='d'");
  CHECK(text_of(*base_backup(options(), "host=b user=r password=secret", "/data.new")) ==
        "PGPASSWORD=secret /bin/pg_basebackup -D /data.new -X stream -c fast -w --dbname=host='b' user='r'");
  CHECK_FALSE(base_backup(options(), "postgresql://b", "/data.new").has_value());
}

TEST_CASE("a configuration file that lies elsewhere is named to each program in its own way") {
  AgentOptions elsewhere = options();
  elsewhere.config_file = "/etc/it's.conf";
  elsewhere.bin_directory.clear();
  CHECK(start_server(elsewhere).argv[9] == R"(-c config_file='/etc/it'\''s.conf')");
  CHECK(rewind(elsewhere, "b", 1)->argv[3] == "--config-file=/etc/it's.conf");
  CHECK(setting_of_stopped(elsewhere, "port").argv[6] == "config_file=/etc/it's.conf");
}

TEST_CASE("a setting is set once, and other lines are kept") {
  CHECK(with_setting("# x\nPrimary_Conninfo = 'a'\nport=1\n primary_conninfo='b'\nprimary_conninfo_x = 1", "primary_conninfo",
                     R"(user='it\'s')") ==
        "# x\nport=1\nprimary_conninfo_x = 1\nprimary_conninfo = 'user=''it\\\\''s'''\n");
  CHECK(with_setting("", "a", "b") == "a = 'b'\n");
}
