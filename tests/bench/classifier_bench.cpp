// What classifying costs: a new text, a cached one, one that differs from cached ones in its numbers only, and the
// decision. Prints nanoseconds per call; run the release build.
#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "sql_router/classifier.hpp"
#include "sql_router/parse_cache.hpp"
#include "sql_router/router.hpp"

using namespace howdah;

namespace {

template <typename Call>
double nanoseconds_per_call(int count, Call&& call) {
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < count; ++i) call();
  const std::chrono::duration<double, std::nano> spent = std::chrono::steady_clock::now() - begin;
  return spent.count() / count;
}

// The text with other digits, as an application sends it that writes its values into the text.
std::vector<std::string> with_other_digits(std::string_view text, std::size_t count, Rng& rng) {
  std::vector<std::string> texts(count, std::string(text));
  for (std::string& one : texts)
    for (char& c : one)
      if (c >= '0' && c <= '9') c = static_cast<char>('1' + rng.below(9));
  return texts;
}

ClusterView three_nodes() {
  ClusterView view;
  for (int i = 0; i < 3; ++i)
    view.nodes.push_back({.id = NodeId{i},
                          .weight = 1,
                          .state = NodeState::up,
                          .role = i == 0 ? Role::primary : Role::standby});
  view.primary = NodeId{0};
  return view;
}

}  // namespace

int main() {
  const auto options = std::make_shared<const RoutingOptions>();
  const ClusterView view = three_nodes();
  const SessionFacts facts{.load_balance_node = NodeId{1}};
  Rng rng(1);
  for (const std::string_view text :
       {std::string_view("SELECT abalance FROM pgbench_accounts WHERE aid = 4711"),
        std::string_view("UPDATE pgbench_accounts SET abalance = abalance + -12 WHERE aid = 4711"),
        std::string_view("SELECT u.id, lower(u.name), count(*) FROM users u JOIN orders o ON o.user_id = u.id WHERE "
                         "o.created > now() - interval '1 day' AND u.kind IN (1, 2, 3) GROUP BY 1, 2 ORDER BY 3 DESC "
                         "LIMIT 10")}) {
    ParseCache cache(options, 1 << 20);
    const TraitsPtr traits = cache.find_or_classify(text);
    bool sink = false;
    const double fresh = nanoseconds_per_call(100'000, [&] { sink ^= classify(text, *options).verdict.may_write; });
    const double cached = nanoseconds_per_call(1'000'000, [&] { sink ^= cache.find_or_classify(text) == nullptr; });
    const std::vector<std::string> others = with_other_digits(text, 16'384, rng);
    std::size_t next = 0;
    const auto find_another = [&] { sink ^= cache.find_or_classify(others[next++ % others.size()]) == nullptr; };
    const double another = nanoseconds_per_call(200'000, find_another);
    const double decision = nanoseconds_per_call(
        1'000'000, [&] { sink ^= decide(*traits, facts, view, *options, rng).node == NodeId{2}; });
    std::printf("new %6.0f ns  cached %4.0f ns  other literals %5.0f ns  decide %3.0f ns  %.40s%s\n", fresh, cached, another, decision, text.data(),
                sink ? " " : "");
  }
}
