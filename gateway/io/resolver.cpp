#include "gateway/io/resolver.hpp"

#include "conf/io/host_facts.hpp"

namespace howdah {

Resolver::Resolver() : thread_([this] { run(); }) {}

Resolver::~Resolver() {
  {
    const std::scoped_lock lock(mutex_);
    is_stopping_ = true;
  }
  has_work_.notify_all();
  thread_.join();
}

void Resolver::ask(std::string host, std::uint16_t port, Reactor& reactor, std::function<void(Answer)> then) {
  add([host = std::move(host), port, &reactor, then = std::move(then)] {
    reactor.post([then, answer = resolve(host, port)] { then(answer); });
  });
}

void Resolver::ask_name(std::string address, Reactor& reactor, std::function<void(std::optional<std::string>)> then) {
  add([address = std::move(address), &reactor, then = std::move(then)] {
    const auto ip = parse_ip(address);
    reactor.post([then, name = ip ? confirmed_name_of(*ip) : std::nullopt] { then(name); });
  });
}

void Resolver::add(Question question) {
  {
    const std::scoped_lock lock(mutex_);
    questions_.push_back(std::move(question));
  }
  has_work_.notify_one();
}

void Resolver::run() {
  for (;;) {
    Question question;
    {
      std::unique_lock lock(mutex_);
      has_work_.wait(lock, [this] { return is_stopping_ || !questions_.empty(); });
      if (is_stopping_) return;
      question = std::move(questions_.front());
      questions_.pop_front();
    }
    question();
  }
}

}  // namespace howdah
