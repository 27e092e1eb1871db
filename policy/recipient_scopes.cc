// SPDX-License-Identifier: Apache-2.0
#include "policy/recipient_scopes.h"

#include "policy/base/text.h"
#include "policy/classification.h"

namespace icm {
namespace {

constexpr std::size_t list_ids_asked = 10;  // RFC 2919 §3 allows one; more are not believed forever

// RFC 2919 §3: [phrase] "<" list-id ">"; the phrase may be a quoted string with a "<" of its own.
std::string list_id(std::string_view value) {
  const std::size_t begin = value.rfind('<');
  if (begin == std::string_view::npos) return {};
  const std::size_t end = value.find('>', begin);
  if (end == std::string_view::npos) return {};
  return lower_ascii(trim(value.substr(begin + 1, end - begin - 1)));  // §6: compared without case
}

}  // namespace

const StreamConfig* stream_at_rcpt(const std::vector<StreamConfig>& streams,
                                   const Envelope& envelope) {
  Envelope at_rcpt;
  at_rcpt.login = envelope.login;
  at_rcpt.reverse_path = envelope.reverse_path;
  return stream_of_envelope(streams, at_rcpt);
}

std::vector<std::string> scopes_at_rcpt(const std::vector<StreamConfig>& streams,
                                        const Envelope& envelope) {
  const StreamConfig* stream = stream_at_rcpt(streams, envelope);
  if (stream == nullptr) return {};
  return {"stream:" + stream->name};
}

std::vector<std::string> scopes_of_header(const std::vector<StreamConfig>& streams,
                                          const Facts& facts) {
  std::vector<std::string> scopes;
  const std::string& stream = facts.classification.stream;
  const StreamConfig* known = stream_at_rcpt(streams, facts.envelope);
  if (!stream.empty() && (known == nullptr || known->name != stream)) {
    scopes.push_back("stream:" + stream);
  }
  for (const HeaderField& field : facts.headers.all("List-Id")) {
    const std::string id = list_id(unfold(field.value));
    if (!id.empty() && scopes.size() < list_ids_asked) scopes.push_back("list:" + id);
  }
  return scopes;
}

}  // namespace icm
