// SPDX-License-Identifier: Apache-2.0
#include "policy/auth/arc_headers.h"

#include <algorithm>
#include <array>

#include "policy/auth/auth_results_grammar.h"
#include "policy/auth/signature.h"
#include "policy/base/text.h"

namespace icm {
namespace {

enum class Part : std::size_t { results, message, seal };

tl::unexpected<Error> wrong(std::string_view tag, std::string_view problem) {
  return fail(Code::syntax, fmt::format("{}= {}", tag, problem));
}

// RFC 6376 §3.2: "Values MUST be processed as case sensitive".
std::optional<ChainValue> chain_value(std::string_view text) {
  for (const ChainValue value : {ChainValue::none, ChainValue::pass, ChainValue::fail}) {
    if (text == to_string(value)) return value;
  }
  return std::nullopt;
}

// `text` from behind the blanks and comments it begins with (RFC 5322 §3.2.2).
std::string_view without_cfws(std::string_view text) {
  std::size_t depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '(') {
      ++depth;
    } else if (depth > 0 && c == ')') {
      --depth;
    } else if (depth > 0 && c == '\\') {
      ++i;
    } else if (depth == 0 && !is_blank(c)) {
      return text.substr(i);
    }
  }
  return {};
}

std::optional<Part> part_of(std::string_view name) {
  if (equal_ascii(name, arc_results_field)) return Part::results;
  if (equal_ascii(name, arc_message_field)) return Part::message;
  if (equal_ascii(name, arc_seal_field)) return Part::seal;
  return std::nullopt;
}

// Collects fields into slots by instance and remembers the first thing that is wrong.
class Collector {
 public:
  explicit Collector(const HeaderList& headers) : headers_(headers) {}

  void take(std::size_t index, Part part) {
    found_.present = true;
    if (++fields_ > 3 * max_arc_instances) return problem("more ARC fields than 50 sets can have");
    const HeaderField field = headers_[index];
    Slot slot{.index = index, .message = {}, .seal = {}, .payload = {}};
    Result<int> instance = read(field.value, part, slot);
    if (!instance)
      return problem(fmt::format("{}: {}", for_log(field.name), instance.error().text));
    found_.highest_instance = std::max(found_.highest_instance, *instance);
    auto& place = slots_[static_cast<std::size_t>(*instance)][static_cast<std::size_t>(part)];
    // RFC 8617 §5.2 step 3.A: exactly one of each.
    if (place)
      return problem(fmt::format("i={} has two {} fields", *instance, for_log(field.name)));
    place = std::move(slot);
  }

  ArcHeaders finish() {
    note_end();
    if (!found_.present || !found_.problem.empty()) return std::move(found_);
    for (int i = 1; i <= found_.highest_instance; ++i) {
      auto& [results, message, seal] = slots_[static_cast<std::size_t>(i)];
      if (!results || !message || !seal) {
        problem(fmt::format("i={} of {} is not complete", i, found_.highest_instance));
        found_.sets.clear();
        break;
      }
      found_.sets.push_back({.results = results->index,
                             .message = message->index,
                             .seal = seal->index,
                             .message_tags = std::move(*message->message),
                             .seal_tags = std::move(*seal->seal),
                             .payload = results->payload});
    }
    return std::move(found_);
  }

 private:
  struct Slot {
    std::size_t index = 0;
    std::optional<SignatureTags> message;
    std::optional<SealTags> seal;
    std::string_view payload;
  };

  static Result<int> read(std::string_view value, Part part, Slot& slot) {
    switch (part) {
      case Part::results: {
        ICM_TRY(const ArcResults results, parse_arc_results(value));
        slot.payload = results.payload;
        return results.instance;
      }
      case Part::message: {
        ICM_TRY(slot.message, parse_signature(value, SignatureKind::arc_message));
        return slot.message->instance;
      }
      case Part::seal: {
        ICM_TRY(slot.seal, parse_arc_seal(value));
        return slot.seal->instance;
      }
    }
    return fail(Code::internal, "no such part");
  }

  // §5.1.2: a chain has ended when its newest seal says so, whatever else is wrong with it.
  void note_end() {
    if (found_.highest_instance == 0) return;
    const auto& newest = slots_[static_cast<std::size_t>(found_.highest_instance)]
                               [static_cast<std::size_t>(Part::seal)];
    found_.ended = newest && newest->seal->cv == ChainValue::fail;
  }

  void problem(std::string text) {
    if (found_.problem.empty()) found_.problem = std::move(text);
  }

  const HeaderList& headers_;
  ArcHeaders found_;
  int fields_ = 0;
  std::array<std::array<std::optional<Slot>, 3>, max_arc_instances + 1> slots_;
};

}  // namespace

std::string_view to_string(ChainValue value) {
  switch (value) {
    case ChainValue::none:
      return "none";
    case ChainValue::pass:
      return "pass";
    case ChainValue::fail:
      return "fail";
  }
  return "invalid";
}

Result<SealTags> parse_arc_seal(std::string_view field_value) {
  ICM_TRY(const TagList list, TagList::parse(field_value));
  for (const std::string_view name : {"i", "a", "b", "cv", "d", "s"}) {
    if (list.find(name) == nullptr) return wrong(name, "is missing");
  }
  // RFC 8617 §4.1.3: "the ARC-Seal header field MUST NOT contain an h= tag".
  if (list.find("h") != nullptr) return wrong("h", "must not be given in ARC-Seal");
  SealTags tags;
  ICM_TRY(tags.instance, parse_arc_instance(list.value("i")));
  ICM_TRY(tags.algorithm, parse_signature_algorithm(list.value("a")));
  const auto cv = chain_value(list.value("cv"));
  if (!cv)
    return wrong("cv", fmt::format("expected none, pass or fail, got \"{}\"",
                                   for_log(list.value("cv"), 20)));
  tags.cv = *cv;
  const auto domain = Domain::parse(list.value("d"));
  if (!domain) return wrong("d", "is no domain name");
  const auto selector = Domain::parse(list.value("s"));
  if (!selector) return wrong("s", "is no selector");
  // RFC 6376 §3.5 "t=": decimal digits.
  if (const Tag* const time = list.find("t"); time != nullptr && !parse_number(time->value))
    return wrong("t", "is no number");
  tags.domain = domain->text();
  tags.selector = selector->text();
  const auto signature = signature_octets(list.value("b"));
  if (!signature) return wrong("b", "is no base64");
  tags.signature = *signature;
  return tags;
}

// arc-info = instance [CFWS] ";" authres-payload (RFC 8617 §4.1.1)
// instance = [CFWS] %s"i" [CFWS] "=" [CFWS] position (§4.2.1)
Result<ArcResults> parse_arc_results(std::string_view field_value) {
  std::string_view rest = without_cfws(field_value);
  const auto take = [&rest](char wanted) {
    if (!rest.starts_with(wanted)) return false;
    rest = without_cfws(rest.substr(1));
    return true;
  };
  if (!take('i') || !take('=')) return wrong("i", "is not the first tag");
  const auto end = std::ranges::find_if_not(rest, is_digit);
  const auto digits = static_cast<std::size_t>(end - rest.begin());
  ICM_TRY(const int instance, parse_arc_instance(rest.substr(0, digits)));
  rest = without_cfws(rest.substr(digits));
  if (!rest.starts_with(';')) return wrong("i", "is not followed by results");
  return ArcResults{.instance = instance, .payload = rest.substr(1)};
}

ArcHeaders read_arc_headers(const HeaderList& headers) {
  Collector collector(headers);
  for (std::size_t i = 0; i < headers.size(); ++i) {
    if (const auto part = part_of(headers[i].name)) collector.take(i, *part);
  }
  return collector.finish();
}

}  // namespace icm
