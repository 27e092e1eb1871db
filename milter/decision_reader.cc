// SPDX-License-Identifier: Apache-2.0
#include "milter/decision_reader.h"

#include <algorithm>
#include <cstring>
#include <type_traits>
#include <utility>
#include <variant>

#include <simdjson.h>

namespace icm {
namespace {

// The DOM and not the on-demand interface: the DOM picks the fastest code for this very processor
// at run time, on-demand is fixed when we are compiled and falls back to plain octets on a baseline
// x86-64. It also checks the whole line.
namespace json = simdjson::dom;

// Where a member goes. The type of the target says what the value has to be.
using DecisionMember =
    std::variant<std::string_view DecisionRecord::*,
                 std::vector<std::string_view> DecisionRecord::*, std::uint64_t DecisionRecord::*,
                 double DecisionRecord::*, std::vector<FindingRecord> DecisionRecord::*>;
using FindingMember = std::variant<std::string_view FindingRecord::*>;

template <class Target>
struct Named {
  std::string_view name;
  Target target;
};

// In the order in which to_json() writes them, so that the next one is usually the one expected.
constexpr Named<DecisionMember> decision_members[] = {
    {"time", &DecisionRecord::time},
    {"event", &DecisionRecord::event},
    {"queue_id", &DecisionRecord::queue_id},
    {"role", &DecisionRecord::role},
    {"origin", &DecisionRecord::origin},
    {"origin_reason", &DecisionRecord::origin_reason},
    {"client", &DecisionRecord::client},
    {"client_name", &DecisionRecord::client_name},
    {"helo", &DecisionRecord::helo},
    {"login", &DecisionRecord::login},
    {"mail_from", &DecisionRecord::mail_from},
    {"recipients", &DecisionRecord::recipients},
    {"apple_recipients", &DecisionRecord::apple_recipients},
    {"from", &DecisionRecord::from},
    {"message_id", &DecisionRecord::message_id},
    {"form", &DecisionRecord::form},
    {"class", &DecisionRecord::mail_class},
    {"stream", &DecisionRecord::stream},
    {"class_reason", &DecisionRecord::class_reason},
    {"verdict", &DecisionRecord::verdict},
    {"policy", &DecisionRecord::policy},
    {"rule", &DecisionRecord::rule},
    {"reply", &DecisionRecord::reply},
    {"removed_recipients", &DecisionRecord::removed_recipients},
    {"fix", &DecisionRecord::fix},
    {"ms", &DecisionRecord::ms},
    {"bytes", &DecisionRecord::bytes},
    {"findings", &DecisionRecord::findings},
};

constexpr Named<FindingMember> finding_members[] = {
    {"policy", &FindingRecord::policy},
    {"rule", &FindingRecord::rule},
    {"mode", &FindingRecord::mode},
    {"weight", &FindingRecord::weight},
    {"effect", &FindingRecord::effect},
    {"would", &FindingRecord::would},
    {"held_back", &FindingRecord::held_back},
    {"disputed", &FindingRecord::disputed},
    {"reply", &FindingRecord::reply},
    {"evidence", &FindingRecord::evidence},
    {"fix", &FindingRecord::fix},
    {"prediction", &FindingRecord::prediction},
};

template <class Target>
constexpr std::string_view expected_kind() {
  if constexpr (std::is_same_v<Target, std::string_view>) return "a string";
  if constexpr (std::is_same_v<Target, std::uint64_t>) return "a whole number";
  return "a number";
}

tl::unexpected<Error> not_json(simdjson::error_code error) {
  return fail(Code::syntax, fmt::format("not JSON: {}", simdjson::error_message(error)));
}

Status read_value(json::element value, std::vector<std::string_view>& target);
Status read_value(json::element value, std::vector<FindingRecord>& target);

// A string or a number.
template <class Target>
Status read_value(json::element value, Target& target) {
  if (value.get(target) == simdjson::SUCCESS) return {};
  return fail(Code::syntax, fmt::format("expected {}", expected_kind<Target>()));
}

// `next` is the place of the member expected next.
template <class Target, std::size_t count>
const Named<Target>* member_of(const Named<Target> (&members)[count], std::size_t& next,
                               std::string_view key) {
  for (std::size_t tried = 0; tried < count; ++tried) {
    const std::size_t i = next + tried < count ? next + tried : next + tried - count;
    if (members[i].name != key) continue;
    next = i + 1;
    return &members[i];
  }
  return nullptr;
}

template <class Record, class Target, std::size_t count>
Status read_object(json::object object, const Named<Target> (&members)[count], Record& record) {
  std::size_t next = 0;
  for (const json::key_value_pair field : object) {
    const Named<Target>* member = member_of(members, next, field.key);
    if (member == nullptr || field.value.is_null()) continue;
    const Status read = std::visit(
        [&](auto target) { return read_value(field.value, record.*target); }, member->target);
    if (!read) return fail_at(fmt::format("member \"{}\"", member->name), read.error());
  }
  return {};
}

Status read_value(json::element value, std::vector<std::string_view>& target) {
  constexpr std::string_view kind = "expected a list of strings";
  json::array list;
  if (value.get(list) != simdjson::SUCCESS) return fail(Code::syntax, std::string(kind));
  target.clear();
  for (const json::element element : list) {
    std::string_view text;
    if (element.get(text) != simdjson::SUCCESS) return fail(Code::syntax, std::string(kind));
    target.push_back(text);
  }
  return {};
}

Status read_value(json::element value, std::vector<FindingRecord>& target) {
  constexpr std::string_view kind = "expected a list of objects";
  json::array list;
  if (value.get(list) != simdjson::SUCCESS) return fail(Code::syntax, std::string(kind));
  target.clear();
  for (const json::element element : list) {
    json::object object;
    if (element.get(object) != simdjson::SUCCESS) return fail(Code::syntax, std::string(kind));
    ICM_CHECK(read_object(object, finding_members, target.emplace_back()));
  }
  return {};
}

// Empty again, without giving back the memory of its lists.
void clear(DecisionRecord& record) {
  DecisionRecord empty;
  const auto keep = [](auto& list, auto& kept) {
    list.clear();
    kept.swap(list);
  };
  keep(record.from, empty.from);
  keep(record.recipients, empty.recipients);
  keep(record.removed_recipients, empty.removed_recipients);
  keep(record.findings, empty.findings);
  record = std::move(empty);
}

}  // namespace

struct DecisionReader::Parser {
  json::parser parser;
  std::vector<char> line;  // the line, with the octets behind it that simdjson may look at
};

DecisionReader::DecisionReader() : parser_(std::make_unique<Parser>()) {}
DecisionReader::DecisionReader(DecisionReader&&) noexcept = default;
DecisionReader::~DecisionReader() = default;

Status DecisionReader::read(std::string_view line, DecisionRecord& record) {
  if (line.size() > longest_decision_line) {
    return fail(Code::syntax, fmt::format("longer than {} octets, the most a decision has",
                                          longest_decision_line));
  }
  std::vector<char>& buffer = parser_->line;
  const std::size_t needed = line.size() + simdjson::SIMDJSON_PADDING;
  if (buffer.size() < needed) buffer.resize(needed);
  std::copy(line.begin(), line.end(), buffer.begin());
  std::fill_n(buffer.begin() + static_cast<std::ptrdiff_t>(line.size()), simdjson::SIMDJSON_PADDING,
              '\0');

  clear(record);
  json::element document;
  constexpr bool copy_first = false;  // the padding is there
  if (const auto error =
          parser_->parser.parse(buffer.data(), line.size(), copy_first).get(document);
      error) {
    return not_json(error);
  }
  json::object object;
  if (document.get(object) != simdjson::SUCCESS) {
    return fail(Code::syntax, "not a decision: expected a JSON object");
  }
  ICM_CHECK(read_object(object, decision_members, record));
  if (record.time.empty()) return fail(Code::syntax, "not a decision: member \"time\" is missing");
  if (record.verdict.empty()) {
    return fail(Code::syntax, "not a decision: member \"verdict\" is missing");
  }
  return {};
}

}  // namespace icm
