// The words of a pool_hba.conf line: fields between blanks, words between commas, double quotes, @file. Used by hba.cpp
// alone.
#pragma once

#include "conf/hba.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace howdah {

struct HbaWord {
  std::string text;
  bool is_quoted = false;  // never a keyword
};
using HbaField = std::vector<HbaWord>;  // never empty

inline bool single_word(const HbaField& field) { return field.size() == 1; }

// The fields of a line without its comment. What is wrong, if anything, is in `problem`.
std::vector<HbaField> split_hba_line(std::string_view line, std::string& problem);

// Fields that name databases or users.
class HbaNameReader {
 public:
  HbaNameReader(std::string path, const FileReader& read) : path_(std::move(path)), read_(read) {}

  HbaNames databases(const HbaField& field, std::string& problem);
  HbaNames users(const HbaField& field, std::string& problem);

 private:
  // The field's words with those of its @files.
  HbaField expanded(const HbaField& field, int depth, std::string& problem);

  std::string path_;
  const FileReader& read_;
  int files_ = 0;
};

}  // namespace howdah
