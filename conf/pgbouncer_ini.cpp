#include "conf/pgbouncer_ini.hpp"

#include <fmt/format.h>

#include "conf/words.hpp"

namespace howdah {

using namespace conf;

namespace {

constexpr int kDeepestIni = 10;
constexpr int kMostIniFiles = 1000;
constexpr std::string_view kInclude = "%include";

bool is_key_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_.-*").find(c) != std::string_view::npos;
}

// Takes what lies between `quote`s off the front, where two of them are one. Nothing if it is not closed.
std::optional<std::string> take_quoted(std::string_view& rest, char quote) {
  std::string out;
  for (std::size_t at = 1; at < rest.size(); ++at) {
    if (rest[at] == quote) {
      if (at + 1 == rest.size() || rest[at + 1] != quote) {
        rest.remove_prefix(at + 1);
        return out;
      }
      ++at;
    }
    out += rest[at];
  }
  return std::nullopt;
}

std::string beside(const std::string& file, std::string_view name) {
  const auto slash = file.rfind('/');
  if (name.starts_with('/') || slash == std::string::npos) return std::string(name);
  return file.substr(0, slash + 1).append(name);
}

class IniReader {
 public:
  explicit IniReader(const FileReader& read) : read_(read) {}

  PgbouncerIni take(const std::string& path) {
    read_file(path, {}, 0);
    return std::move(out_);
  }

 private:
  void read_file(const std::string& path, const Place& from, int depth) {
    const auto text = depth <= kDeepestIni && ++files_ <= kMostIniFiles
                          ? read_(path)
                          : Result<std::string>(Error{ErrorCode::configuration, "too many files include one another"});
    if (!text) return say(from.file.empty() ? Place{path, 0} : from, fmt::format("{}: {}", path, to_text(text.error())));
    Place place{path, 0};
    for (const std::string_view line : lines_of(*text)) {
      ++place.line;
      read_line(trimmed(line), place, depth);
    }
  }

  void read_line(std::string_view line, const Place& place, int depth) {
    if (line.empty() || line.front() == ';' || line.front() == '#') return;
    if (line.starts_with(kInclude) && line.size() > kInclude.size() && is_blank(line[kInclude.size()]))
      return read_file(beside(place.file, trimmed(line.substr(kInclude.size()))), place, depth + 1);
    if (line.front() == '[') return open_section(line, place);
    std::string key;
    if (line.front() == '"') {
      auto quoted_key = take_quoted(line, '"');
      if (!quoted_key) return say(place, "a double quote is not closed");
      key = std::move(*quoted_key);
    } else {
      while (!line.empty() && is_key_char(line.front())) {
        key += line.front();
        line.remove_prefix(1);
      }
    }
    line = trimmed(line);
    if (key.empty() || !line.starts_with('=')) return say(place, "key = value is expected");
    if (section_ == nullptr) return say(place, "a section ([pgbouncer], [databases] ...) is expected first");
    section_->push_back({std::move(key), std::string(trimmed(line.substr(1))), place});
  }

  void open_section(std::string_view line, const Place& place) {
    const auto end = line.find(']');
    const std::string_view name = line.substr(1, end == std::string_view::npos ? end : end - 1);
    section_ = name == "pgbouncer"   ? &out_.settings
               : name == "databases" ? &out_.databases
               : name == "users"     ? &out_.users
               : name == "peers"     ? &out_.peers
                                     : nullptr;
    if (section_ == nullptr || end == std::string_view::npos)
      say(place, fmt::format("\"{}\" is not a section of PgBouncer", shown(line)));
  }

  void say(const Place& place, std::string message) {
    out_.findings.push_back({FindingKind::syntax, FindingLevel::error, place, std::move(message)});
  }

  const FileReader& read_;
  PgbouncerIni out_;
  std::vector<IniEntry>* section_ = nullptr;
  int files_ = 0;
};

}  // namespace

const IniEntry* PgbouncerIni::find(std::string_view key) const {
  for (auto entry = settings.rbegin(); entry != settings.rend(); ++entry)
    if (entry->key == key) return &*entry;
  return nullptr;
}

std::string file_of(const IniEntry& entry) { return beside(entry.place.file, entry.value); }

PgbouncerIni parse_pgbouncer_ini(const std::string& path, const FileReader& read) { return IniReader(read).take(path); }

std::optional<std::vector<IniPair>> parse_ini_pairs(std::string_view text) {
  std::vector<IniPair> out;
  for (text = trimmed(text); !text.empty(); text = trimmed(text)) {
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    IniPair pair{std::string(trimmed(text.substr(0, equals))), {}};
    if (pair.key.empty() || pair.key.find_first_of(" \t") != std::string::npos) return std::nullopt;
    text = trimmed(text.substr(equals + 1));
    if (text.starts_with('\'')) {
      auto value = take_quoted(text, '\'');
      if (!value) return std::nullopt;
      pair.value = std::move(*value);
    } else {
      const auto end = std::min(text.find_first_of(" \t"), text.size());
      pair.value = text.substr(0, end);
      text.remove_prefix(end);
    }
    out.push_back(std::move(pair));
  }
  return out;
}

}  // namespace howdah
