#include "tests/sim/job.hpp"

#include <fmt/format.h>

#include <charconv>
#include <memory>
#include <utility>

namespace howdah::sim {

namespace {

using Statements = Job::Statements;

std::int64_t number_of(std::string_view text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// An array as PostgreSQL writes it.
std::vector<std::int64_t> elements_of(std::string_view text) {
  std::vector<std::int64_t> elements;
  for (std::size_t at = 1; at + 1 < text.size(); at = text.find_first_of(",}", at) + 1)
    elements.push_back(number_of(text.substr(at)));
  return elements;
}

std::function<Statements()> say(std::string sql) {
  return [sql = std::move(sql)] { return Statements{sql}; };
}

std::string insert(std::uint64_t write) { return fmt::format("INSERT INTO audit VALUES ({})", write); }
std::string append(std::int64_t list, std::uint64_t write) {
  return fmt::format("UPDATE lists SET elements = elements || {} WHERE id = {}", write, list);
}
std::string add(std::int64_t account, std::int64_t amount) {
  return fmt::format("UPDATE accounts SET balance = balance + {} WHERE id = {}", amount, account);
}
std::string read_balance(const std::string& mark, std::int64_t account, const char* lock = "") {
  return fmt::format("SELECT '{}', balance FROM accounts WHERE id = {}{}", mark, account, lock);
}
std::string read_list(const std::string& mark, std::int64_t list) {
  return fmt::format("SELECT '{}', elements FROM lists WHERE id = {}", mark, list);
}

std::int64_t some_list(const JobSource& source) { return source.hour * 3 + static_cast<std::int64_t>(source.rng.below(3)); }

// In ascending order, so that no two transactions wait for each other.
std::pair<std::int64_t, std::int64_t> two_accounts(Rng& rng) {
  const std::int64_t first = 1 + static_cast<std::int64_t>(rng.below(Tables::kAccounts - 1));
  return {first, first + 1 + static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(Tables::kAccounts - first)))};
}

std::string check_sum(const Response& response) {
  constexpr std::int64_t kSum = Tables::kAccounts * Tables::kFirstBalance;
  for (const Row& row : response.rows)
    if (number_of(row.value) != kSum) return fmt::format("the accounts hold {} and not {}", row.value, kSum);
  return {};
}

Job sum_job(const JobSource& source) {
  Job job{.requests = {say(fmt::format("SELECT '{}', sum(balance) FROM accounts", source.new_mark()))}};
  job.check = [](std::size_t, const Response& response) { return check_sum(response); };
  return job;
}

Job list_job(const JobSource& source) {
  const std::int64_t list = some_list(source);
  const auto began = std::make_shared<Instant>();
  Job job;
  job.requests.push_back([sql = read_list(source.new_mark(), list), began, now = source.now] {
    *began = now();
    return Statements{sql};
  });
  job.check = [&history = source.history, list, session = source.session, began](std::size_t, const Response& response) {
    history.on_read(list, elements_of(response.rows.at(0).value), 0, session, *began);
    return std::string{};
  };
  return job;
}

Job insert_job(const JobSource& source) {
  Job job{.write = source.new_write()};
  job.requests = {say(insert(job.write))};
  return job;
}

Job append_job(const JobSource& source) {
  Job job{.write = source.new_write(), .lists = {some_list(source)}};
  job.requests = {say(append(job.lists[0], job.write))};
  return job;
}

// Appends to two lists, and reads one between.
Job append_twice_job(const JobSource& source) {
  const std::int64_t first = source.hour * 3 + static_cast<std::int64_t>(source.rng.below(2));
  Job job{.write = source.new_write(), .lists = {first, first + 1}};
  const auto began = std::make_shared<Instant>();
  job.requests = {say("BEGIN"), say(append(first, job.write)),
                  [sql = read_list(source.new_mark(), first), began, now = source.now] {
                    *began = now();
                    return Statements{sql};
                  },
                  say(append(first + 1, job.write)), say("COMMIT")};
  job.decides = 4;
  job.check = [&history = source.history, first, write = job.write, session = source.session, began](std::size_t request, const Response& response) {
    if (request == 2) history.on_read(first, elements_of(response.rows.at(0).value), write, session, *began);
    return std::string{};
  };
  return job;
}

// Reads two balances under locks and writes what it makes of them.
Job transfer_job(const JobSource& source) {
  Job job{.write = source.new_write()};
  const auto [from, to] = two_accounts(source.rng);
  const auto amount = 1 + static_cast<std::int64_t>(source.rng.below(9));
  const auto seen = std::make_shared<std::pair<std::int64_t, std::int64_t>>();
  const auto set = [](std::int64_t account, std::int64_t balance) {
    return Statements{fmt::format("UPDATE accounts SET balance = {} WHERE id = {}", balance, account)};
  };
  job.requests = {say("BEGIN"),
                  say(read_balance(source.new_mark(), from, " FOR UPDATE")),
                  say(read_balance(source.new_mark(), to, " FOR UPDATE")),
                  [=, from = from] { return set(from, seen->first - amount); },
                  [=, to = to] { return set(to, seen->second + amount); },
                  say(read_balance(source.new_mark(), from)),
                  say(insert(job.write)),
                  say("COMMIT")};
  job.decides = 7;
  job.check = [seen, amount](std::size_t request, const Response& response) {
    if (response.rows.empty()) return std::string{};
    const std::int64_t balance = number_of(response.rows[0].value);
    if (request == 1) seen->first = balance;
    if (request == 2) seen->second = balance;
    if (request == 5 && balance != seen->first - amount)
      return fmt::format("a transaction reads a balance of {} where it has written {}", balance, seen->first - amount);
    return std::string{};
  };
  return job;
}

// The same without looking, in one request or several.
Job blind_transfer_job(const JobSource& source) {
  Job job{.write = source.new_write()};
  const auto [from, to] = two_accounts(source.rng);
  const auto amount = 1 + static_cast<std::int64_t>(source.rng.below(9));
  const Statements all = {"BEGIN", add(from, -amount), add(to, amount), insert(job.write), "COMMIT"};
  if (source.rng.chance(0.3)) {
    job.requests = {[all] { return all; }};
    return job;
  }
  for (const std::string& sql : all) job.requests.push_back(say(sql));
  job.decides = all.size() - 1;
  return job;
}

// Two sums in one transaction, which may be on a standby.
Job two_sums_job(const JobSource& source) {
  Job job{.requests = {say(source.rng.chance(0.5) ? "BEGIN READ ONLY" : "BEGIN")}};
  for (int i = 0; i < 2; ++i) job.requests.push_back(say(fmt::format("SELECT '{}', sum(balance) FROM accounts", source.new_mark())));
  job.requests.push_back(say("COMMIT"));
  job.check = [](std::size_t, const Response& response) { return check_sum(response); };
  return job;
}

// Rows by COPY, alone or in a transaction.
Job copy_job(const JobSource& source) {
  Job job{.write = source.new_write()};
  job.requests = {say("COPY audit FROM STDIN")};
  if (source.rng.chance(0.5)) return job;
  job.requests = {say("BEGIN"), say("COPY audit FROM STDIN"), say("COMMIT")};
  job.decides = 2;
  return job;
}

// A temporary table ties the session to its server connection: what it holds is there, or the connection is lost.
Job notes_job(const JobSource& source) {
  Job job{.undo = "DISCARD TEMP"};
  const std::uint64_t note = source.rng.below(1000);
  job.requests = {say("CREATE TEMP TABLE notes (note int)"), say(fmt::format("INSERT INTO notes VALUES ({})", note)),
                  say(fmt::format("SELECT '{}', note FROM notes", source.new_mark())), say(fmt::format("INSERT INTO notes VALUES ({})", note + 1)),
                  say(fmt::format("SELECT '{}', note FROM notes", source.new_mark())), say("DISCARD TEMP")};
  job.check = [note](std::size_t request, const Response& response) {
    if (response.rows.empty()) return std::string{};
    const std::string expected = request == 2 ? fmt::format("{{{}}}", note) : fmt::format("{{{},{}}}", note, note + 1);
    const std::string& value = response.rows[0].value;
    return value == expected ? std::string{} : fmt::format("its temporary table holds {} and not {}", value, expected);
  };
  return job;
}

}  // namespace

Job make_job(const JobSource& source) {
  if (source.is_wide && source.rng.chance(0.2)) return source.rng.chance(0.5) ? copy_job(source) : notes_job(source);
  switch (source.rng.below(10)) {
    case 0: return sum_job(source);
    case 1: return two_sums_job(source);
    case 2:
    case 3: return list_job(source);
    case 4: return insert_job(source);
    case 5: return append_job(source);
    case 6: return append_twice_job(source);
    case 7: return blind_transfer_job(source);
    default: return transfer_job(source);
  }
}

}  // namespace howdah::sim
