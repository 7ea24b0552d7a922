#include "gateway/io/resolver.hpp"

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
  {
    const std::scoped_lock lock(mutex_);
    questions_.push_back({std::move(host), port, &reactor, std::move(then)});
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
    Answer answer = resolve(question.host, question.port);
    question.reactor->post(
        [then = std::move(question.then), answer = std::move(answer)]() mutable { then(std::move(answer)); });
  }
}

}  // namespace howdah
