// Runs a fuzzer's entry point over its stored corpus, and over damaged copies of each input made from a fixed seed, so that
// every build tries them. `./dev fuzz NAME` searches for new inputs with libFuzzer instead.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "base/rng.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr int kDamagedCopies = 200;

void run(const std::string& input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
}

std::string damaged(std::string input, howdah::Rng& rng) {
  for (auto turns = rng.below(6) + 1; turns > 0; --turns) {
    const auto at = input.empty() ? 0 : rng.below(input.size());
    switch (rng.below(4)) {
      case 0: input.insert(at, 1, static_cast<char>(rng.below(256))); break;
      case 1: input.resize(at); break;
      case 2: input.insert(at, input.substr(0, rng.below(64))); break;
      default:
        if (!input.empty()) input[at] = static_cast<char>(rng.below(256));
    }
  }
  return input;
}

}  // namespace

int main(int argc, char** argv) {
  howdah::Rng rng(1);
  int count = 0;
  for (int i = 1; i < argc; ++i) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[i])) {
      if (!entry.is_regular_file()) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string input{std::istreambuf_iterator<char>(file), {}};
      run(input);
      for (int copy = 0; copy < kDamagedCopies; ++copy) run(damaged(input, rng));
      ++count;
    }
  }
  std::printf("%d inputs, %d damaged copies of each\n", count, kDamagedCopies);
  return count > 0 ? 0 : 1;  // an empty corpus tests nothing
}
