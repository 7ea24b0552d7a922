// Runs a command line tool, an installed one or one of ours, as a child and collects what it prints.
#pragma once

#include "pcp/client/mains.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace howdah::pcp {

struct ToolResult {
  int exit_code = -1;
  std::string out;
  std::string err;
};

class ToolRunner {
 public:
  // `directory` holds the password file.
  explicit ToolRunner(std::string directory) : directory_(std::move(directory)) {}

  ToolResult installed(const std::string& tool, std::vector<std::string> words) {
    return run(words, [path = "/usr/sbin/" + tool](int, char** argv) {
      argv[0] = const_cast<char*>(path.c_str());
      return ::execv(path.c_str(), argv);
    });
  }
  ToolResult ours(const std::string& tool, std::vector<std::string> words) {
    return run(words, [tool](int argc, char** argv) { return pcp_client_main(tool, argc, argv); });
  }

 private:
  template <typename Main>
  ToolResult run(std::vector<std::string>& words, const Main& tool_main) {
    const std::string out = directory_ + "/out";
    const std::string err = directory_ + "/err";
    words.insert(words.begin(), "tool");
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const pid_t child = ::fork();
    if (child == 0) {
      ::setenv("PCPPASSFILE", (directory_ + "/pcppass").c_str(), 1);
      redirect(out, STDOUT_FILENO);
      redirect(err, STDERR_FILENO);
      ::close(STDIN_FILENO);
      const int code = tool_main(static_cast<int>(words.size()), argv.data());
      std::fflush(nullptr);
      ::_exit(code);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_all(out), read_all(err)};
  }

  static void redirect(const std::string& path, int descriptor) {
    ::dup2(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), descriptor);
  }
  static std::string read_all(const std::string& path) {
    std::string text;
    std::array<char, 4096> buffer;
    const int descriptor = ::open(path.c_str(), O_RDONLY);
    for (ssize_t size; (size = ::read(descriptor, buffer.data(), buffer.size())) > 0;)
      text.append(buffer.data(), static_cast<std::size_t>(size));
    ::close(descriptor);
    return text;
  }

  std::string directory_;
};

}  // namespace howdah::pcp
