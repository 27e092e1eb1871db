// SPDX-License-Identifier: Apache-2.0
//
// libspf2's opinion. As Debian ships it, an over-long term overruns its buffers (CVE-2023-42118),
// and it is wrong about a number of records; both end before it: each record it asks for has been
// read by our strict parser first.

#include <algorithm>
#include <cstddef>
#include <cstring>

#include <netdb.h>
#include <netinet/in.h>
#include <sys/types.h>

// libspf2's headers know no C++.
extern "C" {
#include <spf2/spf.h>
#include <spf2/spf_dns.h>
#include <spf2/spf_dns_rr.h>
#include <spf2/spf_log.h>
}

#include "policy/auth/second_opinion.h"
#include "policy/auth/spf_record.h"
#include "policy/base/domain.h"
#include "policy/base/handle.h"
#include "policy/base/text.h"

namespace icm {
namespace {

constexpr std::size_t max_record = 4096;
constexpr std::size_t max_term = 200;      // the overrun begins at about 214 octets of one term
constexpr std::size_t max_identity = 320;  // RFC 5321 §4.5.3.1: 64 + "@" + 255
constexpr int max_queries = 200;           // ten terms of eleven queries each, and some

std::string wrong_about(std::string_view what) {
  return fmt::format("libspf2 is known to be wrong about {}", what);
}

// "" when libspf2 expands these as RFC 7208 §7 says.
std::string objection_to(const SpfMacroString& text) {
  for (const auto& part : text) {
    const auto* const macro = std::get_if<SpfMacro>(&part);
    if (macro == nullptr) continue;
    if (macro->letter == 'p') return wrong_about("the macro p");
    // "%{l1}" of a local part without dots expands to nothing.
    if (macro->keep > 0) return wrong_about("macros with a number of parts");
    if (macro->url_escape) return wrong_about("macros in upper case");
    if (macro->delimiters.find_first_of(",/") != std::string::npos)
      return wrong_about("macros with the delimiters \",\" and \"/\"");
  }
  return {};
}

// What the parsed record does not show any more.
std::string objection_to_term(std::string_view term) {
  if (term.size() > max_term)
    return fmt::format("a term of {} octets, libspf2 is safe up to {}", term.size(), max_term);
  if (term.ends_with("/0") || term.find("/0//") != std::string_view::npos)
    return wrong_about("the prefix length 0");
  const auto equals = term.find('=');
  const auto dot = term.find('.');
  if (equals != std::string_view::npos && dot < equals && term.find_first_of(":/") > equals)
    return wrong_about("modifiers with a \".\" in their name");
  for (auto at = term.find("%{"); at != std::string_view::npos; at = term.find("%{", at + 1)) {
    if (term.substr(at + 3, term.find('}', at) - at - 3).find('R') != std::string_view::npos)
      return wrong_about("macros reversed by \"R\"");
  }
  return {};
}

// "" when libspf2 may see the record.
std::string objection_to(std::string_view text) {
  if (text.size() > max_record)
    return fmt::format("a record of {} octets, libspf2 is safe up to {}", text.size(), max_record);
  const auto record = parse_spf_record(text);
  if (!record)
    return fmt::format("libspf2 is shown well-formed records only; {}", record.error().text);
  if (text.find(' ') == std::string_view::npos) return wrong_about("a record without terms");
  const auto terms = split(text, ' ');
  bool after_redirect = false;
  for (const std::string_view term : terms) {
    if (term.empty()) continue;
    if (after_redirect) return wrong_about("redirect= before other terms");
    after_redirect = starts_with_ascii(term, "redirect=");
    if (auto objection = objection_to_term(term); !objection.empty()) return objection;
  }
  for (const SpfMechanism& mechanism : record->mechanisms) {
    if (!mechanism.domain) continue;
    if (auto objection = objection_to(*mechanism.domain); !objection.empty()) return objection;
  }
  for (const auto& modifier : {record->redirect, record->explanation}) {
    if (!modifier) continue;
    if (auto objection = objection_to(*modifier); !objection.empty()) return objection;
  }
  return {};
}

// Our Resolver as libspf2's only name server, and what it must not be believed about.
class Layer {
 public:
  Layer(Resolver& resolver, Deadline deadline) : resolver_(resolver), deadline_(deadline) {
    server_.lookup = look_up;
    server_.name = "resolver";
    server_.hook = this;
  }
  Layer(const Layer&) = delete;  // libspf2 holds its address
  Layer& operator=(const Layer&) = delete;

  SPF_dns_server_t* server() { return &server_; }

  // "" when everything that was looked up is something libspf2 judges rightly.
  std::string objection() const {
    if (objection_.empty() && saw_ptr_ && saw_temporary_)
      return wrong_about("a failed lookup below ptr");
    return objection_;
  }

 private:
  static SPF_dns_rr_t* look_up(SPF_dns_server_t* server, const char* domain, ns_type type,
                               int) noexcept {
    return static_cast<Layer*>(server->hook)->answer(domain, type);
  }

  void object(std::string objection) {
    if (objection_.empty()) objection_ = std::move(objection);
  }

  SPF_dns_rr_t* empty_answer(const char* domain, ns_type type, int status) {
    return SPF_dns_rr_new_init(&server_, domain, type, 0, status);
  }

  SPF_dns_rr_t* answer(const char* domain, ns_type type) {
    RecordType ours{};
    switch (type) {
      case ns_t_a:
        ours = RecordType::a;
        break;
      case ns_t_aaaa:
        ours = RecordType::aaaa;
        break;
      case ns_t_mx:
        ours = RecordType::mx;
        break;
      case ns_t_txt:
        ours = RecordType::txt;
        break;
      case ns_t_ptr:
        ours = RecordType::ptr;
        saw_ptr_ = true;
        break;
      default:
        return empty_answer(domain, type, NO_DATA);  // type SPF: RFC 7208 §3.1
    }
    // Its limit of ten begins anew in every include: only this keeps a hostile tree finite.
    if (++queries_ > max_queries) object("more lookups than one evaluation can need");
    if (!objection_.empty()) return empty_answer(domain, type, TRY_AGAIN);
    if (std::strlen(domain) > 253) object(wrong_about("names longer than 253 octets"));
    const DnsAnswer found = resolver_.query(domain, ours, deadline_);
    saw_temporary_ = saw_temporary_ || found.is_temporary();
    if (found.is_temporary()) return empty_answer(domain, type, TRY_AGAIN);
    if (found.status == DnsStatus::no_such_name) return empty_answer(domain, type, HOST_NOT_FOUND);
    return filled(domain, type, found);
  }

  SPF_dns_rr_t* filled(const char* domain, ns_type type, const DnsAnswer& found) {
    constexpr std::size_t max_hosts = 10;  // RFC 7208 §4.6.4
    SPF_dns_rr_t* const rr = empty_answer(domain, type, NETDB_SUCCESS);
    for (const std::string& text : found.texts) {
      if (!is_spf_record(text)) continue;
      object(objection_to(std::string_view(text)));
      if (objection_.empty()) append(rr, text);
    }
    for (const IpAddress& address : found.addresses) append(rr, address);
    auto exchanges = found.exchanges;
    std::ranges::sort(exchanges);
    if (exchanges.size() > max_hosts) object(wrong_about("more than ten MX records"));
    for (const MxRecord& exchange : exchanges) {
      if (!exchange.host.empty()) append(rr, exchange.host);  // RFC 7505
    }
    for (std::size_t i = 0; i < std::min(found.names.size(), max_hosts); ++i)
      append(rr, found.names[i]);
    if (rr->num_rr == 0) rr->herrno = NO_DATA;
    return rr;
  }

  static bool has_room(SPF_dns_rr_t* rr, std::size_t size) {
    return SPF_dns_rr_buf_realloc(rr, rr->num_rr, size) == SPF_E_SUCCESS;
  }

  static void append(SPF_dns_rr_t* rr, const std::string& text) {
    if (has_room(rr, text.size() + 1))
      std::memcpy(rr->rr[rr->num_rr++]->txt, text.c_str(), text.size() + 1);
  }

  static void append(SPF_dns_rr_t* rr, const IpAddress& address) {
    if (!has_room(rr, sizeof(SPF_dns_rr_data_t))) return;
    SPF_dns_rr_data_t& to = *rr->rr[rr->num_rr++];
    std::memcpy(&to, address.octets().data(), address.is_v4() ? 4 : 16);
  }

  Resolver& resolver_;
  Deadline deadline_;
  SPF_dns_server_t server_{};
  std::string objection_;
  int queries_ = 0;
  bool saw_ptr_ = false;
  bool saw_temporary_ = false;
};

using Server = Handle<SPF_server_t, SPF_server_free>;
using Request = Handle<SPF_request_t, SPF_request_free>;
using Response = Handle<SPF_response_t, SPF_response_free>;

// It writes warnings to standard error otherwise.
void be_quiet() {
  const auto nothing = [](const char*, int, const char*) {};
  SPF_warning_handler = nothing;
  SPF_info_handler = nothing;
  SPF_debug_handler = nothing;
}

std::string_view word(SPF_result_t result, SPF_errcode_t error) {
  switch (result) {
    case SPF_RESULT_NEUTRAL:
      return "neutral";
    case SPF_RESULT_PASS:
      return "pass";
    case SPF_RESULT_FAIL:
      return "fail";
    case SPF_RESULT_SOFTFAIL:
      return "softfail";
    case SPF_RESULT_NONE:
      return "none";
    case SPF_RESULT_TEMPERROR:
      return "temperror";
    case SPF_RESULT_PERMERROR:
    case SPF_RESULT_INVALID:
      break;
  }
  // What it could not evaluate: the truth is in the error.
  if (error == SPF_E_DNS_ERROR || error == SPF_E_NO_MEMORY) return "temperror";
  return "permerror";
}

// The code of its first error; that of the response is another one where no record was fetched.
SPF_errcode_t error_of(SPF_response_t* response) {
  for (int i = 0; i < SPF_response_messages(response); ++i) {
    SPF_error_t* const message = SPF_response_message(response, i);
    if (SPF_error_errorp(message) != 0) return SPF_error_code(message);
  }
  return SPF_response_errcode(response);
}

std::string reason_of(SPF_response_t* response, std::string_view receiver) {
  for (int i = 0; i < SPF_response_messages(response); ++i) {
    SPF_error_t* const message = SPF_response_message(response, i);
    if (SPF_error_errorp(message) != 0) return for_log(SPF_error_message(message));
  }
  const char* const comment = SPF_response_get_header_comment(response);
  if (comment == nullptr) return SPF_strerror(SPF_response_errcode(response));
  std::string_view text = comment;
  const std::string prefix = fmt::format("{}: ", receiver);
  if (text.starts_with(prefix)) text.remove_prefix(prefix.size());
  return for_log(text);
}

// "" when the question is one that libspf2 answers rightly; `ours` is our answer to it.
std::string objection_to(const SpfQuestion& question, const SpfResult& ours) {
  if (question.client.is_loopback()) return wrong_about("loopback clients, which always pass");
  const auto domain = Domain::parse(ours.domain);
  if (!domain || domain->text().find('.') == std::string::npos)
    return wrong_about("domains that are malformed");
  for (const std::string& identity : {question.mail_from, question.helo}) {
    if (identity.size() > max_identity || identity.find(' ') != std::string::npos ||
        !is_printable(identity))
      return "libspf2 is shown well-formed identities only";
  }
  if (ours.lookups > spf_max_lookups)
    return wrong_about("the limit of ten lookups, which begins anew in every include");
  if (ours.void_lookups > spf_max_void_lookups)
    return wrong_about("the limit of two void lookups, which it does not count");
  return {};
}

SecondOpinion ask(const SpfQuestion& question, const std::string& domain, Layer& layer) {
  constexpr auto receiver = "receiver";
  const Server server(SPF_server_new_dns(layer.server(), /*debug=*/0));
  SPF_server_set_rec_dom(server.get(), receiver);
  const Request request(SPF_request_new(server.get()));
  const auto& octets = question.client.octets();
  if (question.client.is_v4()) {
    in_addr address;
    std::memcpy(&address, octets.data(), sizeof address);
    SPF_request_set_ipv4(request.get(), address);
  } else {
    in6_addr address;
    std::memcpy(&address, octets.data(), sizeof address);
    SPF_request_set_ipv6(request.get(), address);
  }
  const std::string sender = spf_sender(question).local + "@" + domain;
  SPF_request_set_env_from(request.get(), sender.c_str());
  SPF_request_set_helo_dom(request.get(), question.helo.c_str());
  SPF_response_t* raw = nullptr;
  SPF_request_query_mailfrom(request.get(), &raw);
  const Response response(raw);
  if (auto objection = layer.objection(); !objection.empty())
    return SecondOpinion::not_asked(objection);
  const SPF_errcode_t error = error_of(response.get());
  if (error == SPF_E_BIG_STRING || error == SPF_E_BIG_MECH || error == SPF_E_BIG_MOD)
    return SecondOpinion::not_asked("the record is too long for libspf2");
  return {.result = std::string(word(SPF_response_result(response.get()), error)),
          .reason = reason_of(response.get(), receiver)};
}

}  // namespace

SecondOpinion ask_libspf2(const SpfQuestion& question, Resolver& resolver, Deadline deadline) {
  static const bool quiet = (be_quiet(), true);
  static_cast<void>(quiet);
  // Our own evaluation goes the same way over the same answers, and is the only one that counts.
  const SpfResult ours = check_spf(question, resolver, deadline);
  if (auto objection = objection_to(question, ours); !objection.empty())
    return SecondOpinion::not_asked(objection);
  Layer layer(resolver, deadline);
  return ask(question, ours.domain, layer);
}

}  // namespace icm
