#include "failover/synchronous.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "failover/statements.hpp"

namespace howdah::failover {

namespace {

using health::NodeFacts;

constexpr Duration kSettingRetryDelay = 500ms;

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' || c == '-';
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}
  bool take(char c) {
    skip();
    if (text_.empty() || text_[0] != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool is_at_end() {
    skip();
    return text_.empty();
  }
  // A name, bare or in double quotes, or `*`.
  std::optional<std::string> name() {
    if (take('*')) return "*";
    std::string name;
    if (!take('"')) {
      while (!text_.empty() && is_word(text_[0])) name.push_back(text_[0]), text_.remove_prefix(1);
      return name.empty() ? std::nullopt : std::optional(name);
    }
    while (!text_.empty()) {
      const char c = text_[0];
      text_.remove_prefix(1);
      if (c == '"' && !text_.starts_with('"')) return name;
      if (c == '"') text_.remove_prefix(1);
      name.push_back(c);
    }
    return std::nullopt;
  }
  std::optional<std::vector<std::string>> list() {
    std::vector<std::string> names;
    do {
      auto one = name();
      if (!one) return std::nullopt;
      names.push_back(std::move(*one));
    } while (take(','));
    return names;
  }

 private:
  void skip() {
    while (!text_.empty() && (text_[0] == ' ' || text_[0] == '\t' || text_[0] == '\n')) text_.remove_prefix(1);
  }
  std::string_view text_;
};

bool is_keyword(std::string word, std::string_view keyword) {
  std::transform(word.begin(), word.end(), word.begin(), [](char c) { return c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c; });
  return word == keyword;
}

std::string quoted(const std::string& name) {
  if (name == "*") return name;
  std::string text = "\"";
  for (const char c : name) {
    if (c == '"') text.push_back(c);
    text.push_back(c);
  }
  return text + '"';
}

std::vector<std::string> streaming_names(const NodeFacts& primary) {
  std::vector<std::string> names;
  if (!primary.last) return names;
  for (const health::ReplicationRow& row : primary.last->standbys)
    if (row.state == "streaming") names.push_back(row.application_name);
  return names;
}

}  // namespace

// [FIRST|ANY] count (list), or a list, of which the first must confirm.
std::optional<SynchronousWish> parse_synchronous(std::string_view text) {
  SynchronousWish wish{.count = 1};
  Reader plain(text);
  if (auto names = plain.list(); names && plain.is_at_end()) {
    wish.names = std::move(*names);
    return wish;
  }
  Reader counted(text);
  std::string number = counted.name().value_or("");
  wish.is_any = is_keyword(number, "ANY");
  if (wish.is_any || is_keyword(number, "FIRST")) number = counted.is_at_end() ? "" : counted.name().value_or("");
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), wish.count);
  if (error != std::errc{} || end != number.data() + number.size() || wish.count < 1 || !counted.take('(')) return std::nullopt;
  auto names = counted.list();
  if (!names || !counted.take(')') || !counted.is_at_end()) return std::nullopt;
  wish.names = std::move(*names);
  return wish;
}

std::string to_text(const SynchronousWish& wish) {
  if (wish.count <= 0 || wish.names.empty()) return {};
  std::string text = fmt::format("{} {} (", wish.is_any ? "ANY" : "FIRST", wish.count);
  for (std::size_t i = 0; i < wish.names.size(); ++i) text += (i == 0 ? "" : ", ") + quoted(wish.names[i]);
  return text + ")";
}

SynchronousWish adapt(const SynchronousWish& wish, std::string_view own, const std::vector<std::string>& streaming,
                      SynchronousPolicy policy) {
  SynchronousWish adapted = wish;
  std::erase(adapted.names, own);
  if (policy != SynchronousPolicy::available) return adapted;
  const bool is_anybody = contains(adapted.names, "*");
  if (!is_anybody) std::erase_if(adapted.names, [&](const std::string& name) { return !contains(streaming, name); });
  const std::size_t most = is_anybody ? streaming.size() : adapted.names.size();
  adapted.count = std::min(adapted.count, static_cast<int>(most));
  return adapted;
}

// With k confirmations of n, an acknowledged commit is on k of them: any n - k + 1 include one.
std::optional<std::string> SynchronousNames::object_to_promotion(const std::vector<NodeFacts>& nodes,
                                                                 const health::KnownPrimary& known,
                                                                 SynchronousPolicy policy) const {
  if (policy != SynchronousPolicy::strict || !wish_) return std::nullopt;
  int all = 0, answering = 0;
  for (const NodeFacts& node : nodes) {
    if (known.node == node.options.id || !(contains(wish_->names, node.options.application_name) || contains(wish_->names, "*")))
      continue;
    ++all;
    const bool is_out = node.condition == health::NodeCondition::detached || node.condition == health::NodeCondition::fenced;
    answering += node.answers && node.last && node.last->in_recovery && !is_out ? 1 : 0;
  }
  const int needed = all - wish_->count + 1;
  if (answering >= needed) return std::nullopt;
  return fmt::format("{} of {} synchronous standbys answer, and an acknowledged commit may be on another: {} are needed",
                     answering, all, needed);
}

bool SynchronousNames::prepare(const NodeFacts& winner, SynchronousPolicy policy, Duration limit, Instant now,
                               Actions<Action>& out) {
  if (policy == SynchronousPolicy::off || !wish_) return true;
  if (owner_ != winner.options.id && !step_ && now >= retry_at_) {
    const SynchronousWish adapted = adapt(*wish_, winner.options.application_name, {}, policy);
    send(winner.options.id, to_text(adapted), limit, now, out);
  }
  return policy != SynchronousPolicy::strict || owner_ == winner.options.id;
}

void SynchronousNames::keep(const NodeFacts& primary, const std::vector<NodeFacts>& nodes, SynchronousPolicy policy,
                            Duration limit, Instant now, Actions<Action>& out) {
  if (policy == SynchronousPolicy::off || !primary.last || step_ || now < retry_at_) return;
  const std::string& names = primary.last->synchronous_names;
  if (names == kFencedNames || primary.last_asked_at <= set_at_) return;
  const bool is_changed_by_operator = owner_ == primary.options.id && names != set_;
  if ((!wish_ && !names.empty()) || is_changed_by_operator) take_wish(primary);
  if (!wish_) return;
  // A standby that is waited for is looked at again before it is given up: is_usable() outlasts a short silence.
  std::vector<std::string> streaming = streaming_names(primary);
  for (const NodeFacts& node : nodes)
    if (node.options.id != primary.options.id && !node.is_usable()) std::erase(streaming, node.options.application_name);
  std::string wanted = to_text(adapt(*wish_, primary.options.application_name, streaming, policy));
  const bool is_same = wanted == names || parse_synchronous(wanted) == parse_synchronous(names);
  if (!is_same || (owner_ != primary.options.id && wanted.empty() != names.empty()))
    return send(primary.options.id, std::move(wanted), limit, now, out);
  owner_ = primary.options.id;
  set_ = names;
}

void SynchronousNames::take_wish(const NodeFacts& primary) {
  const std::string& names = primary.last->synchronous_names;
  wish_ = parse_synchronous(names);
  const std::string& own = primary.options.application_name;
  if (wish_ && !own.empty() && !contains(wish_->names, own) && !contains(wish_->names, "*")) wish_->names.push_back(own);
  owner_ = primary.options.id;
  set_ = names;
  log_.info("synchronous standbys wished for names=\"{}\"", names);
}

void SynchronousNames::send(NodeId node, std::string names, Duration limit, Instant now, Actions<Action>& out) {
  sent_ = std::move(names);
  step_ = desk_.send(node, SqlStep::set_synchronous, sql_set_synchronous(sent_), limit, now, out);
}

bool SynchronousNames::on(const SqlDone& done, Instant now) {
  if (step_ != done.id) return false;
  step_.reset();
  if (!done.is_ok) {
    retry_at_ = now + kSettingRetryDelay;
    if (std::exchange(trouble_, done.error) != done.error)
      log_.error("step failed node={} step=set_synchronous sqlstate={} error=\"{}\"", done.node.value, done.sqlstate,
                 done.error);
    return true;
  }
  trouble_.clear();
  owner_ = done.node;
  set_ = sent_;
  set_at_ = now;
  log_.info("synchronous standbys set node={} names=\"{}\"", done.node.value, set_);
  return true;
}

}  // namespace howdah::failover
