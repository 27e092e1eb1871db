// SPDX-License-Identifier: Apache-2.0
#include "policy/dns/unbound_resolver.h"

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
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
#include <unbound.h>
#include <unistd.h>

#include "policy/base/handle.h"
#include "policy/base/text.h"
#include "policy/dns/record_data.h"
#include "policy/dns/ttl_cache.h"

namespace icm {
namespace {

using Time = std::chrono::steady_clock;

constexpr std::size_t max_flights = 1024;      // questions on their way at any time
constexpr std::size_t max_kept = 8192;         // answers kept in front of libunbound's own cache
constexpr std::size_t max_kept_octets = 4096;  // of one such answer; what is larger, libunbound has
constexpr std::chrono::seconds warm_up_time{10};
constexpr int class_in = 1;       // RFC 1035 §3.2.4
constexpr int rcode_no_name = 3;  // RFC 1035 §4.1.1
constexpr int rcode_servfail = 2;

void free_result(ub_result* result) { ub_resolve_free(result); }
void close_stream(std::FILE* stream) { std::fclose(stream); }

using Context = Handle<ub_ctx, ub_ctx_delete>;
using UnboundResult = Handle<ub_result, free_result>;

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

// libunbound has one log for the whole process and writes it to standard error unless told. While
// one of these lives it goes here, afterwards nowhere. The log outlives its contexts, so they are
// made one at a time.
class CapturedLog {
 public:
  explicit CapturedLog(ub_ctx& context)
      : context_(context), stream_(::open_memstream(&text_, &size_)) {
    ub_ctx_debugout(&context_, stream_.get());
  }
  ~CapturedLog() {
    ub_ctx_debugout(&context_, nullptr);
    stream_.reset();
    std::free(text_);  // NOLINT: open_memstream's
  }
  CapturedLog(const CapturedLog&) = delete;
  CapturedLog& operator=(const CapturedLog&) = delete;

  // The first error: what follows only says who else failed because of it.
  std::string first_error() {
    if (stream_ == nullptr) return {};
    std::fflush(stream_.get());
    std::string_view text(text_, size_);
    constexpr std::string_view word = "error: ";
    const std::size_t at = text.find(word);
    if (at == std::string_view::npos) return {};
    text.remove_prefix(at + word.size());
    return for_log(text.substr(0, text.find('\n')));
  }

 private:
  ub_ctx& context_;
  char* text_ = nullptr;
  std::size_t size_ = 0;
  Handle<std::FILE, close_stream> stream_;
};

std::mutex& one_context_at_a_time() {
  static std::mutex mutex;
  return mutex;
}

// RFC 1035 §3.2.2, RFC 3596 §2.1
int wire_type(RecordType type) {
  switch (type) {
    case RecordType::a:
      return 1;
    case RecordType::ptr:
      return 12;
    case RecordType::mx:
      return 15;
    case RecordType::txt:
      return 16;
    case RecordType::aaaa:
      return 28;
  }
  return 0;
}

// As libunbound reads names (RFC 1035 §5.1): whatever is no letter, digit, hyphen, underscore or
// dot is written \DDD, since any octet may be asked for, NUL and backslash too.
std::string escaped(std::string_view name) {
  std::string text;
  for (const char c : name) {
    if (is_alpha(c) || is_digit(c) || c == '-' || c == '_' || c == '.') {
      text += c;
    } else {
      text += fmt::format("\\{:03}", static_cast<unsigned char>(c));
    }
  }
  return text;
}

// Each question on its way has a socket of its own. A process with few descriptors gets fewer.
std::size_t sockets_to_use() {
  constexpr std::size_t wanted = 2 * max_flights;
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

DnsAnswer read_records(const ub_result& result, RecordType type, DnsAnswer answer) {
  std::size_t records = 0;
  std::size_t octets = 0;
  for (; result.data[records] != nullptr; ++records) {
    const std::string_view data(result.data[records],
                                static_cast<std::size_t>(result.len[records]));
    octets += data.size();
    if (records == max_answer_records || octets > max_answer_octets) {
      return failed(fmt::format("the answer has more than {} records or {} octets",
                                max_answer_records, max_answer_octets));
    }
    if (const Status read = read_record_data(type, data, answer); !read) {
      return failed(fmt::format("a malformed {} record: {}", to_string(type), read.error().text));
    }
  }
  answer.status = records > 0 ? DnsStatus::ok : DnsStatus::no_data;
  return answer;
}

// SERVFAIL is an answer to libunbound, not an error, and also what it says of silent servers.
DnsAnswer answer_of(const ub_result& result, RecordType type) {
  DnsAnswer answer;
  if (result.bogus != 0) {
    answer.status = DnsStatus::bogus;
    answer.problem = result.why_bogus == nullptr ? "DNSSEC validation failed" : result.why_bogus;
    return answer;
  }
  if (result.nxdomain == 0 && result.rcode != 0) {
    return failed(result.rcode == rcode_servfail
                      ? "the name servers failed or did not answer (SERVFAIL)"
                      : fmt::format("the name servers answered with RCODE {}", result.rcode));
  }
  answer.ttl = std::chrono::seconds{std::max(result.ttl, 0)};
  answer.authentic = result.secure != 0;
  if (result.nxdomain != 0 || result.rcode == rcode_no_name) {
    answer.status = DnsStatus::no_such_name;
    return answer;
  }
  if (result.havedata == 0 || result.data == nullptr) {
    answer.status = DnsStatus::no_data;
    return answer;
  }
  return read_records(result, type, std::move(answer));
}

// Each with its reason; the rest is as the library has it.
Status set_options(ub_ctx& context, const UnboundOptions& options) {
  const std::string sockets = std::to_string(sockets_to_use());
  const std::pair<const char*, const char*> settings[] = {
      // Questions to dead servers keep their socket until they are given up. With the library's 16,
      // a few of them hold up everybody else.
      {"outgoing-range:", sockets.c_str()},
      {"num-queries-per-thread:", "4096"},
      {"outgoing-num-tcp:", "256"},
      // A resolver that must find out itself may take seconds, and answers the last time it was
      // asked: so it is asked again and again, for five seconds.
      {"unknown-server-time-limit:", "250"},
      {"infra-cache-max-rtt:", "2000"},
      {"outbound-msg-retry:", "6"},
      // How a server did with one name must not be held against the next: a few names that nobody
      // answers for made libunbound think the resolver dead and fail everything for half a minute.
      {"infra-host-ttl:", "0"},
      {"tcp-auth-query-timeout:", "2000"},
      {"tcp-reuse-timeout:", "2000"},
      // What an administrator has published or mended is seen within the hour, a name that was
      // missing within five minutes.
      {"cache-max-ttl:", "3600"},
      {"cache-max-negative-ttl:", "300"},
      {"msg-cache-size:", "8m"},
      {"rrset-cache-size:", "16m"},
      {"key-cache-size:", "4m"},
      {"neg-cache-size:", "1m"},
      // The servers know best what is in the zones of private addresses.
      {"unblock-lan-zones:", "yes"},
      {"insecure-lan-zones:", "yes"},
      {"trust-anchor-signaling:", "no"},
      {"module-config:", options.trust_anchor.empty() ? "iterator" : "validator iterator"},
  };
  for (const auto& [name, value] : settings) {
    if (const int error = ub_ctx_set_option(&context, name, value); error != 0) {
      return fail(Code::internal, fmt::format("dns: libunbound refuses {} {}: {}", name, value,
                                              ub_strerror(error)));
    }
  }
  return {};
}

// As libunbound writes it: ADDRESS%INTERFACE@PORT.
std::string forwarder(const NameServer& server) {
  return fmt::format("{}{}{}@{}", server.address.text(), server.interface.empty() ? "" : "%",
                     server.interface, server.port);
}

Status set_servers(ub_ctx& context, const UnboundOptions& options) {
  if (options.servers.empty()) return fail(Code::config, "dns: no name server to ask");
  for (const NameServer& server : options.servers) {
    if (const int error = ub_ctx_set_fwd(&context, forwarder(server).c_str()); error != 0) {
      return fail(Code::config, fmt::format("dns: the name server {} cannot be used: {}",
                                            server.text(), ub_strerror(error)));
    }
  }
  return {};
}

tl::unexpected<Error> bad_anchor(const std::string& file, std::string_view reason) {
  return fail(Code::config,
              fmt::format("dns.trust_anchor: {}: {}; install the package dns-root-data, name "
                          "another file, or set dns.dnssec to no",
                          for_log(file), reason));
}

Status set_trust_anchor(ub_ctx& context, const UnboundOptions& options) {
  if (options.trust_anchor.empty()) return {};
  if (::access(options.trust_anchor.c_str(), R_OK) != 0) {
    return bad_anchor(options.trust_anchor, std::strerror(errno));
  }
  if (const int error = ub_ctx_add_ta_file(&context, options.trust_anchor.c_str()); error != 0) {
    return bad_anchor(options.trust_anchor, ub_strerror(error));
  }
  return {};
}

// Makes the context and its thread. A bad option or trust anchor shows only when the first question
// is asked, so one is, whose answer libunbound has itself.
Result<Context> make_context(const UnboundOptions& options) {
  const std::scoped_lock lock(one_context_at_a_time());
  const SignalsHeldOff no_signals;
  Context context(ub_ctx_create());
  if (!context) return fail(Code::temporary, "dns: libunbound has no memory or no descriptors");
  CapturedLog log(*context);
  ICM_CHECK(set_options(*context, options));
  ICM_CHECK(set_servers(*context, options));
  ICM_CHECK(set_trust_anchor(*context, options));
  int error = ub_ctx_async(context.get(), /*dothread=*/1);
  // A zone that libunbound would answer for itself; what is in it, the servers know (RFC 6761
  // §6.2 leaves that to them).
  if (error == 0) error = ub_ctx_zone_remove(context.get(), "test.");
  if (error == 0) {
    bool is_warm = false;
    const auto warm = [](void* seen, int, ub_result* result) {
      *static_cast<bool*>(seen) = true;
      ub_resolve_free(result);
    };
    error = ub_resolve_async(context.get(), "localhost", wire_type(RecordType::a), class_in,
                             &is_warm, warm, nullptr);
    const Deadline deadline = Deadline::in(warm_up_time);
    while (error == 0 && !is_warm && !deadline.passed()) {
      pollfd ready{.fd = ub_fd(context.get()), .events = POLLIN, .revents = 0};
      ::poll(&ready, 1, 100);
      error = ub_process(context.get());
    }
    if (error == 0 && !is_warm) error = UB_INITFAIL;
  }
  if (error == 0) return context;
  const std::string reason = log.first_error();
  if (!options.trust_anchor.empty()) return bad_anchor(options.trust_anchor, reason);
  return fail(Code::config, fmt::format("dns: libunbound cannot start: {}{}{}", ub_strerror(error),
                                        reason.empty() ? "" : ": ", reason));
}

}  // namespace

// The questions on their way, what they brought, and the thread that takes answers in.
class UnboundResolver::Lookups {
 public:
  [[nodiscard]] static Result<std::shared_ptr<Lookups>> start(const UnboundOptions& options) {
    ICM_TRY(Context context, make_context(options));
    auto lookups = std::make_shared<Lookups>(std::move(context));
    if (lookups->wake_up_.fd() < 0) {
      return fail(Code::temporary, fmt::format("dns: no descriptor: {}", std::strerror(errno)));
    }
    const SignalsHeldOff no_signals;
    lookups->dispatcher_ =
        std::jthread([&owner = *lookups](const std::stop_token& stop) { owner.dispatch(stop); });
    return lookups;
  }

  explicit Lookups(Context context) : kept_(max_kept), context_(std::move(context)) {}

  // What is known without asking.
  std::optional<DnsAnswer> find(const std::string& name, RecordType type) {
    const auto found = kept_.find(key_of(name, type));
    return found == nullptr ? std::nullopt : std::optional(found->now());
  }

  DnsAnswer wait(const std::string& name, RecordType type, Deadline deadline) {
    const std::shared_ptr<Flight> flight = send(name, type);
    if (flight == nullptr) {
      return failed(fmt::format("{} questions are on their way already", max_flights));
    }
    std::unique_lock lock(mutex_);
    if (!flight->landing.wait_until(lock, deadline.end(), [&] { return flight->has_landed; })) {
      return failed("no answer from the name servers in time");
    }
    return flight->answer == nullptr ? failed("no memory for the answer") : flight->answer->now();
  }

  void begin(const std::string& name, RecordType type) { send(name, type); }

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
  struct Flight {
    Lookups* owner = nullptr;
    std::string key;
    RecordType type = RecordType::a;
    bool has_landed = false;
    std::shared_ptr<const Kept> answer;  // null when there was no memory for it
    std::condition_variable landing;
  };

  static std::string key_of(std::string_view name, RecordType type) {
    return fmt::format("{} {}", to_string(type), name);
  }

  // The question on its way: this one, or an equal one before it. Null when there are too many.
  std::shared_ptr<Flight> send(const std::string& name, RecordType type) {
    const auto flight = std::make_shared<Flight>();
    flight->owner = this;
    flight->key = key_of(name, type);
    flight->type = type;
    {
      const std::scoped_lock lock(mutex_);
      const auto same = flights_.find(flight->key);
      if (same != flights_.end()) return same->second;
      if (flights_.size() >= max_flights) return nullptr;
      flights_.emplace(flight->key, flight);
    }
    const int error = ub_resolve_async(context_.get(), escaped(name).c_str(), wire_type(type),
                                       class_in, flight.get(), take_in, nullptr);
    if (error != 0) land(*flight, kept_answer(failed(ub_strerror(error))));
    return flight;
  }

  static std::shared_ptr<const Kept> kept_answer(DnsAnswer answer) {
    const Time::time_point until = Time::now() + answer.ttl;
    return std::make_shared<const Kept>(Kept{std::move(answer), until});
  }

  // libunbound's callback, on the dispatcher thread: no exception may pass.
  static void take_in(void* question, int error, ub_result* raw) noexcept {
    const UnboundResult result(raw);
    auto& flight = *static_cast<Flight*>(question);
    std::shared_ptr<const Kept> answer;
    try {
      answer = kept_answer(error != 0 || result == nullptr ? failed(ub_strerror(error))
                                                           : answer_of(*result, flight.type));
      if (octets_of(answer->answer) <= max_kept_octets) {
        flight.owner->kept_.store(flight.key, answer, answer->answer.ttl);
      }
    } catch (const std::bad_alloc&) {
      answer = nullptr;  // those who wait are told
    }
    flight.owner->land(flight, std::move(answer));
  }

  void land(Flight& landed, std::shared_ptr<const Kept> answer) {
    const std::scoped_lock lock(mutex_);
    const auto entry = flights_.find(landed.key);
    const std::shared_ptr<Flight> flight = std::move(entry->second);
    flights_.erase(entry);
    flight->answer = std::move(answer);
    flight->has_landed = true;
    flight->landing.notify_all();
  }

  void dispatch(const std::stop_token& stop) {
    const std::stop_callback wake(stop, [this] { wake_up_.signal(); });
    pollfd ready[] = {{.fd = ub_fd(context_.get()), .events = POLLIN, .revents = 0},
                      {.fd = wake_up_.fd(), .events = POLLIN, .revents = 0}};
    while (!stop.stop_requested()) {
      if (::poll(ready, std::size(ready), -1) > 0) ub_process(context_.get());
    }
  }

  // In this order: the thread ends before the context, and that before what its callbacks use.
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Flight>> flights_;
  TtlCache<Kept> kept_;
  Context context_;
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
  if (auto known = lookups_->find(name, type)) return *std::move(known);
  return lookups_->wait(name, type, deadline.at_most(timeout_));
}

void UnboundResolver::prefetch(std::string_view asked, RecordType type) {
  const std::string name = dns_name(asked);
  if (name.empty() || lookups_->find(name, type)) return;
  lookups_->begin(name, type);
}

}  // namespace icm
