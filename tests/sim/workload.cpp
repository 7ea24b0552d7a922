#include "tests/sim/workload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "gateway/wire/client_messages.hpp"
#include "gateway/wire/error_response.hpp"
#include "tests/sim/job.hpp"

namespace howdah::sim {

namespace {

constexpr Duration kDeadline = 100s;       // primary_wait_timeout, transaction_replay_timeout, others' locks
constexpr Duration kComeAgain = 200ms;     // after a connection is lost

// What a client may be told when servers fail, and no other code. (53300: a full server says so.)
constexpr std::array<std::string_view, 7> kPromisedErrors{"40001", "08006", "08007", "57P01", "57P03", "57014", "53300"};

bool is_promised(std::string_view sqlstate) {
  return std::find(kPromisedErrors.begin(), kPromisedErrors.end(), sqlstate) != kPromisedErrors.end();
}

bool is_unknown(std::string_view sqlstate) { return sqlstate == "08006" || sqlstate == "08007"; }

}  // namespace

class Person final : public SimWorker::Client {
 public:
  Person(Workload& load, std::size_t number) : load_(load), world_(load.world_), number_(number), name_(fmt::format("c{}", number)) {}

  void enter() {
    received_.clear();
    response_ = {};
    is_welcome_ = is_asking_ = false;
    session_number_ = ++load_.last_session_;
    ask_about();
    session_ = worker().enter(*this, name_);
  }
  void on_bytes(std::string_view bytes) override;
  void on_closed() override;
  void disconnect();  // without the gateway's doing
  std::string describe() const {
    return fmt::format("{}: {} asked=\"{}\"", name_, worker().describe(session_), is_asking_ && !asked_.empty() ? asked_.front() : "");
  }

 private:
  using Statements = Job::Statements;

  SimWorker& worker() { return *load_.workers_[number_ % load_.workers_.size()]; }
  const SimWorker& worker() const { return *load_.workers_[number_ % load_.workers_.size()]; }
  void ask_about();
  void answered();
  void after_pause(Duration most, void (Person::*what)());
  void begin_job();
  void ask();
  void ask_for(const Statements& statements);
  void misbehave();
  void send_copy();
  void give_up();
  void take(char tag, Bytes body);
  void on_response(const Response& response);
  std::string judge_response(const Response& response) const;
  void end_write(WriteEnd end);
  void end_job();
  std::string encode(const Statements& statements);
  void fail(const std::string& what) { world_.checkers().fail(fmt::format("{}: {}", name_, what)); }
  Rng& rng() { return world_.rng(); }

  Workload& load_;
  World& world_;
  std::size_t number_;
  std::string name_;
  SessionId session_{};
  std::uint64_t session_number_ = 0;  // over all clients and gateways' lives
  bool is_welcome_ = false;
  bool is_asking_ = false;
  std::uint64_t open_request_ = 0;  // for the checkers
  std::string received_;
  Response response_;
  Job job_;
  std::size_t at_ = 0;         // the request of the job
  Statements asked_;
  std::vector<std::string> marks_;  // of the rows it must bring
  bool is_giving_up_ = false;  // ROLLBACK is on its way
  std::uint64_t last_mark_ = 0;
  std::uint64_t turn_ = 0;     // grows with everything that makes a plan obsolete
};

void Person::after_pause(Duration most, void (Person::*what)()) {
  world_.after(microseconds(rng().below(static_cast<std::uint64_t>(std::chrono::duration_cast<microseconds>(most).count()) + 1)),
               [this, what, turn = turn_] {
                 if (turn == turn_) (this->*what)();
               });
}

void Person::ask_about() {
  open_request_ = world_.next_request();
  const Instant begins = load_.options_.is_lossless ? std::max(world_.now(), load_.options_.mended_at) : world_.now();
  world_.checkers().on_asked(open_request_, begins + kDeadline);
}

void Person::answered() { world_.checkers().on_ended(std::exchange(open_request_, 0), world_.now()); }

// ---- jobs

void Person::begin_job() {
  if (load_.is_stopping_ || is_asking_) return;
  job_ = make_job({.rng = rng(),
                   .history = load_.history_,
                   .session = session_number_,
                   .hour = std::chrono::duration_cast<seconds>(world_.now().time_since_epoch()).count() / 5,
                   .new_write = [this] { return ++load_.last_write_number_; },
                   .new_mark = [this] { return fmt::format("{}.{}", name_, ++last_mark_); },
                   .now = [this] { return world_.now(); },
                   .is_wide = load_.options_.is_wide});
  if (job_.write != 0) load_.history_.on_write(job_.write, job_.lists, session_number_);
  at_ = 0;
  is_giving_up_ = false;
  ask();
}

void Person::ask() { ask_for(job_.requests[at_]()); }

void Person::ask_for(const Statements& statements) {
  asked_ = statements;
  marks_.clear();
  for (const std::string& sql : asked_)
    if (sql.starts_with("SELECT '")) marks_.push_back(sql.substr(8, sql.find('\'', 8) - 8));
  is_asking_ = true;
  ++turn_;
  ask_about();
  misbehave();
  worker().say(session_, encode(asked_));
}

// Sometimes it loses patience: cancels, or goes away without a word.
void Person::misbehave() {
  if (!rng().chance(load_.options_.impatience)) return;
  const bool leaves = rng().chance(0.5);
  world_.after(microseconds(rng().below(20'000)), [this, leaves, turn = turn_] {
    if (turn != turn_ || !is_asking_) return;
    if (!leaves) return worker().cancel(session_);
    worker().leave(session_);
    disconnect();
  });
}

// The server waits for the rows: in two pieces, and sometimes it thinks better of it.
void Person::send_copy() {
  std::string first;
  wire::append_client_copy_data(first, fmt::format("{}", job_.write / 10));
  worker().say(session_, first);
  world_.after(microseconds(rng().below(20'000)), [this, turn = turn_] {
    if (turn != turn_ || !is_asking_) return;
    std::string rest;
    wire::append_client_copy_data(rest, fmt::format("{}\n", job_.write % 10));
    if (rng().chance(0.1)) wire::append_copy_fail(rest, "enough");
    else wire::append_client_copy_done(rest);
    worker().say(session_, rest);
  });
}

void Person::end_write(WriteEnd end) {
  if (job_.write == 0) return;
  load_.history_.on_write_ended(job_.write, end, world_.now());
  if (end == WriteEnd::acknowledged) {
    world_.acknowledge(job_.write);
    load_.last_write_ = world_.now();
  }
}

void Person::end_job() {
  job_ = {};
  after_pause(2 * load_.pause_, &Person::begin_job);
}

// ---- answers

void Person::on_bytes(std::string_view bytes) {
  received_ += bytes;
  while (received_.size() >= wire::kHeaderSize) {
    const std::size_t total = std::size_t{load_u32(received_.data() + 1)} + 1;
    if (received_.size() < total) return;
    const std::string message = received_.substr(0, total);
    received_.erase(0, total);
    take(message[0], as_bytes(message).subspan(wire::kHeaderSize));
  }
}

void Person::take(char tag, Bytes body) {
  if (tag == 'E') response_.sqlstate = wire::ErrorView(body).sqlstate();
  if (tag == 'C') response_.tags.emplace_back(*wire::parse_command_complete(body));
  if (tag == 'D') {
    const auto row = wire::parse_data_row(body);
    if (row->size() != 2) return fail("got a row of somebody else's");
    response_.rows.push_back({std::string(row->at(0).value_or("")), std::string(row->at(1).value_or(""))});
  }
  if (tag == 'G') world_.after({}, [this, turn = turn_] {
    if (turn == turn_ && is_asking_) send_copy();
  });
  if (tag != 'Z') return;
  response_.status = body[0];
  const Response response = std::exchange(response_, {});
  answered();
  if (!is_welcome_) {
    is_welcome_ = true;
    return after_pause(2 * load_.pause_, &Person::begin_job);
  }
  if (!is_asking_) return fail("got an answer to nothing");
  is_asking_ = false;
  ++turn_;
  on_response(response);
}

std::string Person::judge_response(const Response& response) const {
  if (!response.sqlstate.empty())
    return is_promised(response.sqlstate) ? "" : fmt::format("is told {} for: {}", response.sqlstate, asked_.front());
  if (response.tags.size() != asked_.size()) return fmt::format("got {} answers for: {}", response.tags.size(), asked_.front());
  if (response.rows.size() != marks_.size()) return fmt::format("got {} rows for: {}", response.rows.size(), asked_.front());
  for (std::size_t i = 0; i < marks_.size(); ++i)
    if (response.rows[i].mark != marks_[i]) return fmt::format("got the row of {} for {}", response.rows[i].mark, marks_[i]);
  return "";
}

void Person::on_response(const Response& response) {
  if (const std::string wrong = judge_response(response); !wrong.empty()) {
    end_write(WriteEnd::unknown);
    return fail(wrong);  // and has had enough
  }
  const bool has_failed = !response.sqlstate.empty();
  if (is_giving_up_) return has_failed && !job_.undo.empty() ? after_pause(20ms, &Person::give_up) : end_job();
  if (has_failed || response.tags.empty() || response.tags.back() == "ROLLBACK") {
    end_write(at_ == job_.decides && is_unknown(response.sqlstate) ? WriteEnd::unknown : WriteEnd::refused);
    if (response.status == 'I' && job_.undo.empty()) return end_job();
    return give_up();
  }
  if (job_.check)
    if (const std::string wrong = job_.check(at_, response); !wrong.empty()) fail(wrong);
  if (at_ == job_.decides) end_write(WriteEnd::acknowledged);
  if (++at_ == job_.requests.size()) return end_job();
  after_pause(rng().chance(0.01) ? Duration{3s} : Duration{20ms}, &Person::ask);
}

void Person::give_up() {
  is_giving_up_ = true;
  ask_for({job_.undo.empty() ? "ROLLBACK" : job_.undo});
}

void Person::on_closed() {
  if (!job_.undo.empty()) ++world_.universe().happened.lost_notes;
  if (!is_promised(response_.sqlstate)) fail(fmt::format("loses its connection with '{}'", response_.sqlstate));
  disconnect();
}

void Person::disconnect() {
  if (open_request_ != 0) answered();
  ++turn_;
  if (!job_.requests.empty() && !is_giving_up_ && at_ <= job_.decides)
    end_write(is_asking_ && at_ == job_.decides ? WriteEnd::unknown : WriteEnd::refused);
  job_ = {};
  after_pause(kComeAgain, &Person::enter);
}

// ---- bytes

std::string Person::encode(const Statements& statements) {
  std::string out;
  if (statements.front().starts_with("COPY") || rng().chance(0.5)) {
    std::string text;
    for (const std::string& sql : statements) text += (text.empty() ? "" : "; ") + sql;
    wire::append_query(out, text);
    return out;
  }
  // A list is read through a prepared statement, which must be wherever it runs.
  if (constexpr std::string_view kList = "FROM lists WHERE id = "; statements.size() == 1 && statements[0].find(kList) != std::string::npos) {
    const std::string& sql = statements[0];
    const std::string list = sql.substr(sql.find(kList) + kList.size());
    wire::append_close(out, wire::Target::statement, "lists");  // an error may have left it
    wire::append_parse(out, "lists", "SELECT $1, elements FROM lists WHERE id = $2");
    wire::append_bind(out, "", "lists", std::vector<std::optional<std::string_view>>{marks_.at(0), list});
    wire::append_execute(out, "");
    wire::append_sync(out);
    return out;
  }
  for (const std::string& sql : statements) {
    wire::append_parse(out, "", sql);
    wire::append_bind(out, "", "");
    wire::append_describe(out, wire::Target::portal, "");
    wire::append_execute(out, "");
  }
  wire::append_sync(out);
  return out;
}

// ---- all of them

Workload::Workload(World& world, WorkloadOptions options)
    : world_(world), options_(std::move(options)), last_write_number_(options_.first_write) {
  start_workers();
  world_.on_gateway_restart = [this] { restart(); };
  for (int i = 0; i < options_.clients; ++i) {
    people_.push_back(std::make_unique<Person>(*this, static_cast<std::size_t>(i)));
    people_.back()->enter();
  }
}

Workload::~Workload() { world_.on_gateway_restart = [] {}; }

void Workload::start_workers() {
  crew_ = std::make_unique<Crew>(options_.worker.pool.limits, options_.is_wide ? 2 : 1, world_.now());
  for (std::size_t i = 0; i < crew_->workers.size(); ++i)
    workers_.push_back(std::make_unique<SimWorker>(world_, options_.worker, *crew_, WorkerId{static_cast<std::uint16_t>(i)}));
}

void Workload::restart() {
  fates_ = fates();
  workers_.clear();
  for (const auto& person : people_) person->disconnect();
  start_workers();
}

std::size_t Workload::fates() const {
  std::size_t sum = fates_;
  for (const auto& worker : workers_) sum += worker->fates();
  return sum;
}

void Workload::tell_clients() const {
  for (const auto& person : people_) world_.note(person->describe());
  for (const SimPostgres& node : world_.nodes())
    for (const auto& [row, holder] : node.row_locks)
      if (const auto process = world_.universe().processes.find(holder); process != world_.universe().processes.end())
        world_.note(fmt::format("node {} row {}: {} {}", node.id, row, holder, static_cast<SimBackend*>(process->second.get())->describe()));
}

void Workload::judge(const Tables& tables) {
  std::size_t lent = 0;
  for (const auto& worker : workers_) lent += worker->leased_count();
  if (lent != 0)
    world_.checkers().fail(fmt::format("{} server connections are lent although every client is idle", lent));
  const ReadConsistency promised = options_.worker.routing.read_consistency;
  for (std::string& line : history_.judge(tables, promised, options_.is_lossless)) world_.checkers().fail(std::move(line));
  for (std::int64_t sum = 0, account = 1; account <= Tables::kAccounts; ++account) {
    sum += tables.balance_of(account);
    if (account == Tables::kAccounts && sum != Tables::kAccounts * Tables::kFirstBalance)
      world_.checkers().fail(fmt::format("the accounts hold {} at the end", sum));
  }
}

}  // namespace howdah::sim
