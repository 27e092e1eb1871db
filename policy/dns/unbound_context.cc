// SPDX-License-Identifier: Apache-2.0
#include "policy/dns/unbound_context.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>
#include <string>
#include <utility>

#include <poll.h>
#include <unbound.h>
#include <unistd.h>

#include "policy/base/handle.h"
#include "policy/base/text.h"
#include "policy/dns/record_data.h"

namespace icm {
namespace {

constexpr std::chrono::seconds warm_up_time{10};
constexpr int class_in = 1;       // RFC 1035 §3.2.4
constexpr int rcode_no_name = 3;  // RFC 1035 §4.1.1
constexpr int rcode_servfail = 2;

void free_result(ub_result* result) { ub_resolve_free(result); }
void close_stream(std::FILE* stream) { std::fclose(stream); }

using Context = Handle<ub_ctx, ub_ctx_delete>;
using UnboundResult = Handle<ub_result, free_result>;

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

DnsAnswer failed(std::string problem) {
  DnsAnswer answer;
  answer.problem = std::move(problem);
  return answer;
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
Status set_options(ub_ctx& context, const UnboundOptions& options, std::size_t socket_count) {
  const std::string sockets = std::to_string(socket_count);
  const std::pair<const char*, const char*> settings[] = {
      // Questions to dead servers keep their socket until they are given up. With the library's 16,
      // a few of them hold up everybody else.
      {"outgoing-range:", sockets.c_str()},
      {"num-queries-per-thread:", "4096"},
      {"outgoing-num-tcp:", "256"},
      // A resolver that must find out itself may take seconds, and answers the last time it was
      // asked: so it is asked again and again, for five seconds.
      {"unknown-server-time-limit:", "250"},
      {"outbound-msg-retry:", "6"},
      // How a server did with one name must not be held against the next: a few names that nobody
      // answers for made libunbound think the resolver dead and fail everything for half a minute.
      // A server whose time-out has grown to the longest stays dead whatever the first says, so the
      // longest is what nothing grows to within the second that the first leaves it.
      {"infra-host-ttl:", "0"},
      {"infra-cache-max-rtt:", "120000"},
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
Result<Context> make_context(const UnboundOptions& options, std::size_t socket_count) {
  const std::scoped_lock lock(one_context_at_a_time());
  Context context(ub_ctx_create());
  if (!context) return fail(Code::temporary, "dns: libunbound has no memory or no descriptors");
  CapturedLog log(*context);
  ICM_CHECK(set_options(*context, options, socket_count));
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

struct UnboundContext::Library {
  Context context;
};

Result<UnboundContext> UnboundContext::open(const UnboundOptions& options, std::size_t sockets) {
  ICM_TRY(Context context, make_context(options, sockets));
  return UnboundContext(std::make_shared<Library>(Library{std::move(context)}));
}

Status UnboundContext::ask(std::string_view name, Question& question) {
  // libunbound's callback: no exception may pass.
  const auto take = [](void* asked, int error, ub_result* raw) noexcept {
    const UnboundResult result(raw);
    auto& waiting = *static_cast<Question*>(asked);
    DnsAnswer answer;
    try {
      answer = error != 0 || result == nullptr ? failed(ub_strerror(error))
                                               : answer_of(*result, waiting.type());
    } catch (const std::bad_alloc&) {
      answer = {};
    }
    waiting.take(std::move(answer));
  };
  const int error =
      ub_resolve_async(library_->context.get(), escaped(name).c_str(), wire_type(question.type()),
                       class_in, &question, take, nullptr);
  return error == 0 ? Status() : fail(Code::temporary, ub_strerror(error));
}

int UnboundContext::fd() const { return ub_fd(library_->context.get()); }

void UnboundContext::process() { ub_process(library_->context.get()); }

}  // namespace icm
