// SPDX-License-Identifier: Apache-2.0
#include "policy/dns/unbound_resolver.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <iterator>
#include <map>
#include <mutex>
#include <new>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "policy/dns/ttl_cache.h"
#include "policy/dns/unbound_context.h"

namespace icm {
namespace {

using Time = std::chrono::steady_clock;

constexpr std::size_t most_flights = 1024;     // questions on their way at any time
constexpr std::size_t most_told = 4096;        // of one answer, who did not wait for it
constexpr std::size_t max_kept = 8192;         // answers kept in front of libunbound's own cache
constexpr std::size_t max_kept_octets = 4096;  // of one such answer; what is larger, libunbound has

// An event descriptor: what wakes the dispatcher when it shall end.
class WakeUp {
 public:
  WakeUp() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  ~WakeUp() {
    if (fd_ >= 0) ::close(fd_);
  }
  WakeUp(const WakeUp&) = delete;
  WakeUp& operator=(const WakeUp&) = delete;
  int fd() const { return fd_; }
  void signal() const { ::eventfd_write(fd_, 1); }

 private:
  int fd_;
};

// Threads started meanwhile get no signals; those of the process belong to its main thread.
class SignalsHeldOff {
 public:
  SignalsHeldOff() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, &before_);
  }
  ~SignalsHeldOff() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsHeldOff(const SignalsHeldOff&) = delete;
  SignalsHeldOff& operator=(const SignalsHeldOff&) = delete;

 private:
  sigset_t before_{};
};

// Each question on its way has a socket of its own, or two. A process that may have few descriptors
// gets fewer, so that connections are left some.
std::size_t sockets_to_use() {
  constexpr std::size_t wanted = 2 * most_flights;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return wanted;
  return std::clamp<std::size_t>(limit.rlim_cur / 2, 64, wanted);
}

DnsAnswer failed(std::string problem) {
  DnsAnswer answer;
  answer.problem = std::move(problem);
  return answer;
}

std::size_t octets_of(const DnsAnswer& answer) {
  std::size_t octets = answer.addresses.size() * sizeof(IpAddress);
  for (const std::string& text : answer.texts) octets += text.size();
  for (const MxRecord& exchange : answer.exchanges) octets += exchange.host.size();
  for (const std::string& name : answer.names) octets += name.size();
  return octets;
}

}  // namespace

// The questions on their way, what they brought, and the thread that takes answers in.
class UnboundResolver::Lookups {
 public:
  using Then = AsyncResolver::Then;

  [[nodiscard]] static Result<std::shared_ptr<Lookups>> start(const UnboundOptions& options) {
    const SignalsHeldOff no_signals;
    const std::size_t sockets = sockets_to_use();
    ICM_TRY(UnboundContext context, UnboundContext::open(options, sockets));
    auto lookups = std::make_shared<Lookups>(std::move(context), sockets / 2);
    if (lookups->wake_up_.fd() < 0) {
      return fail(Code::temporary, fmt::format("dns: no descriptor: {}", std::strerror(errno)));
    }
    lookups->dispatcher_ =
        std::jthread([&owner = *lookups](const std::stop_token& stop) { owner.dispatch(stop); });
    return lookups;
  }

  Lookups(UnboundContext context, std::size_t max_flights)
      : max_flights_(max_flights), kept_(max_kept), context_(std::move(context)) {}

  // What is known without asking.
  std::optional<DnsAnswer> find(const std::string& name, RecordType type) {
    const auto found = kept_.find(key_of(name, type));
    return found == nullptr ? std::nullopt : std::optional(found->now());
  }

  void count_kept() {
    ++asked_;
    ++found_;
  }

  DnsFigures figures() {
    DnsFigures figures{.asked = asked_,
                       .kept = found_,
                       .timed_out = timed_out_,
                       .turned_away = turned_away_,
                       .answers = {},
                       .took = took_.figures(),
                       .on_their_way = 0};
    for (std::size_t i = 0; i < answers_.size(); ++i) figures.answers[i] = answers_[i];
    const std::scoped_lock lock(mutex_);
    figures.on_their_way = flights_.size();
    return figures;
  }

  DnsAnswer wait(const std::string& name, RecordType type, Deadline deadline) {
    ++asked_;
    const std::shared_ptr<Flight> flight = send(name, type, max_flights_);
    if (flight == nullptr) return turned_away(max_flights_);
    std::unique_lock lock(mutex_);
    if (!flight->landing.wait_until(lock, deadline.end(), [&] { return flight->has_landed; })) {
      ++timed_out_;
      return failed("no answer from the name servers in time");
    }
    return answer_of(*flight);
  }

  // A stranger's message may name many servers that say nothing: what is only expected to be asked
  // leaves half of the places to those who wait.
  void begin(const std::string& name, RecordType type) { send(name, type, max_flights_ / 2); }

  // The same for who is told.
  void ask(const std::string& name, RecordType type, const Then& then) {
    ++asked_;
    if (send(name, type, max_flights_ / 2, &then) == nullptr) {
      then(turned_away(max_flights_ / 2));
    }
  }

 private:
  struct Kept {
    DnsAnswer answer;
    Time::time_point until;

    DnsAnswer now() const {
      DnsAnswer copy = answer;
      copy.ttl = std::max(std::chrono::ceil<std::chrono::seconds>(until - Time::now()),
                          std::chrono::seconds{0});
      return copy;
    }
  };

  // One question on its way. `has_landed` and `answer` are guarded by the owner's mutex_.
  struct Flight final : UnboundContext::Question {
    Flight(Lookups& lookups, std::string name_and_type, RecordType asked)
        : owner(lookups), key(std::move(name_and_type)), asked_type(asked) {}
    RecordType type() const override { return asked_type; }
    void take(DnsAnswer taken) noexcept override { owner.take(*this, std::move(taken)); }

    Lookups& owner;
    const std::string key;
    const RecordType asked_type;
    const Time::time_point sent = Time::now();
    bool has_landed = false;
    std::shared_ptr<const Kept> answer;  // null when there was no memory for it
    std::condition_variable landing;
    std::vector<Then> told;  // when it has landed; guarded likewise
  };

  static DnsAnswer answer_of(const Flight& landed) {
    return landed.answer == nullptr ? failed("no memory for the answer") : landed.answer->now();
  }

  static DnsAnswer turned_away(std::size_t most) {
    return failed(fmt::format("{} questions are on their way already", most));
  }

  static std::string key_of(std::string_view name, RecordType type) {
    return fmt::format("{} {}", to_string(type), name);
  }

  // The question on its way: this one, or an equal one before it. Null when there are `most`, or
  // when `then` would be one too many to be told of it.
  std::shared_ptr<Flight> send(const std::string& name, RecordType type, std::size_t most,
                               const Then* then = nullptr) {
    const auto flight = std::make_shared<Flight>(*this, key_of(name, type), type);
    {
      const std::scoped_lock lock(mutex_);
      const auto same = flights_.find(flight->key);
      Flight& asked = same == flights_.end() ? *flight : *same->second;
      const bool is_too_much =
          same == flights_.end() ? flights_.size() >= most : then && asked.told.size() >= most_told;
      if (is_too_much) {
        ++turned_away_;
        return nullptr;
      }
      if (then != nullptr) asked.told.push_back(*then);
      if (same != flights_.end()) return same->second;
      flights_.emplace(flight->key, flight);
    }
    if (const Status sent = context_.ask(name, *flight); !sent) {
      land(*flight, kept_answer(failed(sent.error().text)));
    }
    return flight;
  }

  static std::shared_ptr<const Kept> kept_answer(DnsAnswer answer) {
    const Time::time_point until = Time::now() + answer.ttl;
    return std::make_shared<const Kept>(Kept{std::move(answer), until});
  }

  void take(Flight& flight, DnsAnswer answer) noexcept {
    ++answers_[static_cast<std::size_t>(answer.status)];
    took_.took(std::chrono::duration_cast<std::chrono::microseconds>(Time::now() - flight.sent));
    std::shared_ptr<const Kept> landed;
    try {
      landed = kept_answer(std::move(answer));
      if (octets_of(landed->answer) <= max_kept_octets) {
        kept_.store(flight.key, landed, landed->answer.ttl);
      }
    } catch (const std::bad_alloc&) {
      landed = nullptr;  // those who wait are told
    }
    land(flight, std::move(landed));
  }

  void land(Flight& landed, std::shared_ptr<const Kept> answer) noexcept {
    std::shared_ptr<Flight> flight;
    std::vector<Then> told;
    {
      const std::scoped_lock lock(mutex_);
      const auto entry = flights_.find(landed.key);
      flight = std::move(entry->second);
      flights_.erase(entry);
      flight->answer = std::move(answer);
      flight->has_landed = true;
      flight->landing.notify_all();
      told.swap(flight->told);
    }
    for (const Then& then : told) {
      try {
        then(answer_of(*flight));
      } catch (const std::bad_alloc&) {
        continue;  // who waits for it has a deadline
      }
    }
  }

  void dispatch(const std::stop_token& stop) {
    const std::stop_callback wake(stop, [this] { wake_up_.signal(); });
    pollfd ready[] = {{.fd = context_.fd(), .events = POLLIN, .revents = 0},
                      {.fd = wake_up_.fd(), .events = POLLIN, .revents = 0}};
    while (!stop.stop_requested()) {
      if (::poll(ready, std::size(ready), -1) > 0) context_.process();
    }
  }

  const std::size_t max_flights_;
  // In this order: the thread ends before the context, and that before what its callbacks use.
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Flight>> flights_;
  TtlCache<Kept> kept_;
  std::atomic<std::uint64_t> asked_ = 0;
  std::atomic<std::uint64_t> found_ = 0;
  std::atomic<std::uint64_t> timed_out_ = 0;
  std::atomic<std::uint64_t> turned_away_ = 0;
  std::array<std::atomic<std::uint64_t>, 5> answers_{};  // by DnsStatus
  Latency took_;
  UnboundContext context_;
  WakeUp wake_up_;
  std::jthread dispatcher_;
};

Result<std::unique_ptr<UnboundResolver>> UnboundResolver::open(const UnboundOptions& options) {
  ICM_TRY(auto lookups, Lookups::start(options));
  return std::unique_ptr<UnboundResolver>(new UnboundResolver(std::move(lookups), options.timeout));
}

DnsAnswer UnboundResolver::query(std::string_view asked, RecordType type, Deadline deadline) {
  const std::string name = dns_name(asked);
  if (name.empty()) {
    DnsAnswer answer;
    answer.status = DnsStatus::no_such_name;
    return answer;
  }
  if (auto known = lookups_->find(name, type)) {
    lookups_->count_kept();
    return *std::move(known);
  }
  return lookups_->wait(name, type, deadline.at_most(timeout_));
}

void UnboundResolver::prefetch(std::string_view asked, RecordType type) {
  const std::string name = dns_name(asked);
  if (name.empty() || lookups_->find(name, type)) return;
  lookups_->begin(name, type);
}

void UnboundResolver::ask(std::string_view asked, RecordType type, Then then) {
  const std::string name = dns_name(asked);
  if (name.empty()) {
    DnsAnswer answer;
    answer.status = DnsStatus::no_such_name;
    return then(answer);
  }
  if (const auto known = lookups_->find(name, type)) {
    lookups_->count_kept();
    return then(*known);
  }
  lookups_->ask(name, type, then);
}

DnsFigures UnboundResolver::figures() const { return lookups_->figures(); }

}  // namespace icm
