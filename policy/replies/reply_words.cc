// SPDX-License-Identifier: Apache-2.0
#include "policy/replies/reply_words.h"

#include <array>
#include <span>

namespace icm {
namespace {

// In the order of the enumerators.
constexpr std::array<std::string_view, 19> classes = {"recipient-gone",
                                                      "recipient-inactive",
                                                      "mailbox-full",
                                                      "sender-unregistered",
                                                      "auth",
                                                      "dmarc",
                                                      "content",
                                                      "reputation-ip",
                                                      "reputation-domain",
                                                      "throttle",
                                                      "connection",
                                                      "our-dns",
                                                      "protocol",
                                                      "size",
                                                      "outage",
                                                      "relay-denied",
                                                      "success",
                                                      "local",
                                                      "unknown"};
constexpr std::array<std::string_view, 8> natures = {
    "permanent",   "transient",      "transient-as-5xx", "permanent-as-4xx",
    "until-fixed", "outage-suspect", "success",          "unknown"};
constexpr std::array<std::string_view, 5> scopes = {"address", "message", "sending-domain", "ip",
                                                    "destination"};
constexpr std::array<std::string_view, 11> actions = {"record-success",
                                                      "suppress-address",
                                                      "suspend-address",
                                                      "retry-soft",
                                                      "slow-address",
                                                      "pause-destination",
                                                      "stop-destination-alert",
                                                      "stop-message-alert",
                                                      "fix-config-alert",
                                                      "requeue-elsewhere",
                                                      "sample-alert"};
constexpr std::array<std::string_view, 3> confidences = {"high", "medium", "low"};

static_assert(classes.size() == static_cast<std::size_t>(ReplyClass::unknown) + 1);
static_assert(natures.size() == static_cast<std::size_t>(ReplyNature::unknown) + 1);
static_assert(scopes.size() == static_cast<std::size_t>(ReplyScope::destination) + 1);
static_assert(actions.size() == static_cast<std::size_t>(ReplyAction::sample_alert) + 1);
static_assert(confidences.size() == static_cast<std::size_t>(Confidence::low) + 1);

std::span<const std::string_view> spellings(ReplyClass) { return classes; }
std::span<const std::string_view> spellings(ReplyNature) { return natures; }
std::span<const std::string_view> spellings(ReplyScope) { return scopes; }
std::span<const std::string_view> spellings(ReplyAction) { return actions; }
std::span<const std::string_view> spellings(Confidence) { return confidences; }

template <class Word>
std::string_view spelled(Word word) {
  return spellings(word)[static_cast<std::size_t>(word)];
}

}  // namespace

std::string_view to_string(ReplyClass word) { return spelled(word); }
std::string_view to_string(ReplyNature word) { return spelled(word); }
std::string_view to_string(ReplyScope word) { return spelled(word); }
std::string_view to_string(ReplyAction word) { return spelled(word); }
std::string_view to_string(Confidence word) { return spelled(word); }

template <class Word>
std::optional<Word> reply_word(std::string_view text) {
  const auto words = spellings(Word{});
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == text) return static_cast<Word>(i);
  }
  return std::nullopt;
}

template <class Word>
std::vector<std::string_view> reply_spellings() {
  const auto words = spellings(Word{});
  return {words.begin(), words.end()};
}

template std::optional<ReplyClass> reply_word<ReplyClass>(std::string_view);
template std::optional<ReplyNature> reply_word<ReplyNature>(std::string_view);
template std::optional<ReplyScope> reply_word<ReplyScope>(std::string_view);
template std::optional<ReplyAction> reply_word<ReplyAction>(std::string_view);
template std::optional<Confidence> reply_word<Confidence>(std::string_view);
template std::vector<std::string_view> reply_spellings<ReplyClass>();
template std::vector<std::string_view> reply_spellings<ReplyNature>();
template std::vector<std::string_view> reply_spellings<ReplyScope>();
template std::vector<std::string_view> reply_spellings<ReplyAction>();
template std::vector<std::string_view> reply_spellings<Confidence>();

}  // namespace icm
