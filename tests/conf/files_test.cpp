#include "conf/io/files.hpp"

#include "conf/io/host_facts.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

namespace howdah {

namespace {

// A folder that goes with the test.
class TemporaryFolder {
 public:
  TemporaryFolder() { path_ = mkdtemp(name_); }
  ~TemporaryFolder() {
    ::unlink((path_ + "/f").c_str());
    ::rmdir(path_.c_str());
  }
  std::string file(const std::string& text, mode_t mode) const {
    std::string name = path_ + "/f";
    std::ofstream(name) << text;
    ::chmod(name.c_str(), mode);
    return name;
  }
  const std::string& path() const { return path_; }

 private:
  char name_[32] = "/tmp/howdah_conf_XXXXXX";
  std::string path_;
};

}  // namespace

TEST_CASE("a file is read whole; a folder or a missing file is an error that names it") {
  const TemporaryFolder folder;
  CHECK(read_file(folder.file(std::string("a\0b\n", 4), 0600)).value() == std::string("a\0b\n", 4));
  CHECK(read_file(folder.path()).error().message == folder.path() + ": Is a directory");
  CHECK(read_file("/none/x").error().message == "/none/x: No such file or directory");
}

TEST_CASE("an endless file is refused") { CHECK_FALSE(read_file("/dev/zero").has_value()); }

TEST_CASE("a file with secrets that others may read is warned of") {
  const TemporaryFolder folder;
  CHECK(check_secret_file(folder.file("x", 0600)).empty());
  CHECK(check_secret_file(folder.file("x", 0604)).size() == 1);
  CHECK(check_secret_file(folder.file("x", 0620)).size() == 1);
  CHECK(check_secret_file("/none/x").empty());
}

TEST_CASE("the key is the first line of a file that only its owner may read") {
  const TemporaryFolder folder;
  Findings findings;
  CHECK(read_key_file(folder.file("key\nmore", 0600), findings) == "key");
  CHECK(findings.empty());
  CHECK_FALSE(read_key_file(folder.file("key\n", 0640), findings).has_value());
  CHECK(findings.size() == 1);
  CHECK_FALSE(read_key_file("/none/x", findings).has_value());
  CHECK(findings.size() == 1);
}

TEST_CASE("the key file is named by the environment, else in the home folder") {
  CHECK(default_key_file({{"PGPOOLKEYFILE", "/k"}, {"HOME", "/h"}}) == "/k");
  CHECK(default_key_file({{"HOME", "/h"}}) == "/h/.pgpoolkey");
  CHECK(default_key_file({}).empty());
}

TEST_CASE("the environment of the process is seen") {
  ::setenv("HOWDAH_CONF_TEST", "a=b", 1);
  CHECK(process_environment().at("HOWDAH_CONF_TEST") == "a=b");
  ::unsetenv("HOWDAH_CONF_TEST");
}

TEST_CASE("every network of the machine contains its own address") {
  for (const IpRange& network : own_networks()) CHECK(network.contains(network.address));
}

}  // namespace howdah
