// One configuration parameter: its name, value, default, limits, when a change takes effect, what Howdah makes of it
// and one line of help, all in the row that declares it (conf/settings/*.hpp). Everything else is made from these rows:
// parsing, SHOW, PGPOOL SET, the sample file, --check, environment overrides, reload.
//
// Read a value with (): `settings.health.health_check_period()`. There is no implicit conversion, so that `auto` and
// fmt see the value and not the row. Only the loader and tests call assign() and set().
#pragma once

#include "base/result.hpp"
#include "conf/value.hpp"

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

namespace howdah {

// When a change takes effect. `session`: like reload, and PGPOOL SET may change it for one client.
enum class Change { restart, reload, session };

// What Howdah makes of a parameter.
enum class Support {
  honoured,     // does what its help says
  harmless,     // accepted without effect; nothing goes wrong without it
  unsupported,  // not (yet) supported, and its user would miss it
};

// Where the value came from.
enum class Origin { by_default, configured, derived };

// Optional marks of a row, in any order after the help line.
struct Range {
  std::int64_t min = 0;  // in the parameter's own unit
  std::int64_t max = 0;
};
struct Bare {
  Unit unit;  // unit of a bare number, where the type does not say it
};
struct Separator {
  char character;
};
struct SupportMark {
  Support support;
  std::string_view note;  // what its absence means
};
inline constexpr struct SecretMark {
} kSecret;
inline constexpr struct PatternsMark {
} kPatterns;
constexpr SupportMark harmless(std::string_view note) { return {Support::harmless, note}; }
constexpr SupportMark unsupported(std::string_view note) { return {Support::unsupported, note}; }

// The part of a parameter that does not depend on its type.
class ParamBase {
 public:
  virtual ~ParamBase() = default;

  std::string name() const { return number_ < 0 ? std::string(name_) : std::string(name_) + std::to_string(number_); }
  std::string_view family() const { return name_; }  // the name without a node's number
  int number() const { return number_; }             // of a node or member; -1: the parameter has none
  void set_number(int number) { number_ = number; }

  std::string_view help() const { return help_; }
  std::string_view note() const { return note_; }
  Change change() const { return change_; }
  Support support() const { return support_; }
  Origin origin() const { return origin_; }
  bool is_set() const { return origin_ == Origin::configured; }
  bool is_secret() const { return is_secret_; }
  bool holds_patterns() const { return holds_patterns_; }  // a list of POSIX extended regular expressions
  const ValueRules& rules() const { return rules_; }

  // Takes a value as written in a file (without quotes). The text returned is a remark to tell (a value was rounded),
  // mostly empty. After an error the parameter is unchanged.
  virtual Result<std::string> assign(std::string_view text) = 0;
  virtual std::string text(TextStyle style) const = 0;
  virtual std::string default_text(TextStyle style) const = 0;
  virtual std::string values_text() const = 0;  // "on, off", "1024 .. 65535", "session, transaction"; may be empty
  virtual std::string_view type_text() const = 0;
  virtual bool has_default_value() const = 0;
  virtual bool has_same_value(const ParamBase& other) const = 0;  // `other` is the same row of another Settings
  virtual void take_value(const ParamBase& other) = 0;            // value and origin of the same row

 protected:
  ParamBase(std::string_view name, Change change, std::string_view help) : name_(name), help_(help), change_(change) {}
  ParamBase(const ParamBase&) = default;
  ParamBase(ParamBase&&) = default;
  ParamBase& operator=(const ParamBase&) = default;
  ParamBase& operator=(ParamBase&&) = default;

  void mark(Range range) { rules_.min = range.min, rules_.max = range.max; }
  void mark(Bare bare) { rules_.unit = bare.unit; }
  void mark(Separator separator) { rules_.separator = separator.character; }
  void mark(NumberBase base) { rules_.base = base; }
  void mark(SupportMark mark) { support_ = mark.support, note_ = mark.note; }
  void mark(SecretMark) { is_secret_ = true; }
  void mark(PatternsMark) { holds_patterns_ = true; }

  std::string_view name_;
  std::string_view help_;
  std::string_view note_;
  ValueRules rules_;
  int number_ = -1;
  Change change_;
  Support support_ = Support::honoured;
  Origin origin_ = Origin::by_default;
  bool is_secret_ = false;
  bool holds_patterns_ = false;
};

template <typename T>
class Param final : public ParamBase {
 public:
  template <typename... Marks>
  Param(std::string_view name, T default_value, Change change, std::string_view help, Marks... marks)
      : ParamBase(name, change, help), value_(default_value), default_(std::move(default_value)) {
    rules_ = default_rules(value_);
    (mark(marks), ...);
  }

  const T& operator()() const { return value_; }
  const T& default_value() const { return default_; }
  void set(T value, Origin origin = Origin::configured) {
    value_ = std::move(value);
    origin_ = origin;
  }

  Result<std::string> assign(std::string_view text) override {
    auto parsed = parse_value<T>(text, ValueContext{name(), rules_});
    if (!parsed) return parsed.error();
    set(std::move(parsed->value));
    return std::move(parsed->remark);
  }
  std::string text(TextStyle style) const override { return format_value(value_, rules_, style); }
  std::string default_text(TextStyle style) const override { return format_value(default_, rules_, style); }
  std::string values_text() const override { return describe_values(default_, rules_); }
  std::string_view type_text() const override { return type_name(default_); }
  bool has_default_value() const override { return value_ == default_; }
  bool has_same_value(const ParamBase& other) const override {
    return value_ == static_cast<const Param&>(other).value_;
  }
  void take_value(const ParamBase& other) override {
    set(static_cast<const Param&>(other).value_, static_cast<const Param&>(other).origin_);
  }

 private:
  T value_;
  T default_;
};

}  // namespace howdah
