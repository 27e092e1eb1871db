// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/suppress_print.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "milter/ctl/csv.h"
#include "milter/ctl/terminal.h"

namespace icm::ctl {
namespace {

using Json = nlohmann::ordered_json;

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json json_of(const Evidence& evidence) {
  return {{"pattern", evidence.pattern},
          {"reply", evidence.reply},
          {"queue_id", evidence.queue_id},
          {"first_seen", to_rfc3339(evidence.first_seen)},
          {"last_seen", to_rfc3339(evidence.last_seen)},
          {"count", evidence.count}};
}

Json json_of(const Suppression& entry) {
  Json json = {{"address", entry.address},
               {"reason", to_string(entry.reason)},
               {"scope", entry.scope},
               {"created", to_rfc3339(entry.created)},
               {"expires", entry.expires ? Json(to_rfc3339(*entry.expires)) : Json(nullptr)},
               {"source", entry.source},
               {"note", entry.note}};
  if (entry.confirmed) json["confirmed"] = to_rfc3339(*entry.confirmed);
  if (entry.evidence) json["evidence"] = json_of(*entry.evidence);
  return json;
}

Json json_of(const Deed& deed) {
  return {{"what", to_string(deed.kind)},
          {"at", to_rfc3339(deed.at)},
          {"who", deed.who},
          {"why", deed.why}};
}

Json json_of(const std::vector<Recorded>& records) {
  Json list = Json::array();
  for (const Recorded& record : records) {
    Json one = json_of(record.entry);
    one["added"] = json_of(record.added);
    if (record.ended) one["ended"] = json_of(*record.ended);
    list.push_back(std::move(one));
  }
  return list;
}

bool is_in_force(const Recorded& record, WallTime now) {
  return !record.entry.expires || *record.entry.expires > now;
}

std::string deed_text(std::string_view done, const Deed& deed) {
  std::string text = fmt::format("  {:<8} {} by {}", done, show_time(deed.at), clean(deed.who));
  if (!deed.why.empty()) text += fmt::format(": {}", clean(deed.why));
  return text + '\n';
}

std::string evidence_text(const Evidence& evidence) {
  std::string text = fmt::format("  {:<8} {}, ", "pattern", clean(evidence.pattern));
  text += evidence.count == 1
              ? fmt::format("once, on {}\n", show_time(evidence.last_seen))
              : fmt::format("{} times, from {} to {}\n", evidence.count,
                            show_time(evidence.first_seen), show_time(evidence.last_seen));
  if (!evidence.queue_id.empty()) {
    text += fmt::format("  {:<8} {}\n", "queue id", clean(evidence.queue_id));
  }
  if (!evidence.reply.empty()) text += fmt::format("  {:<8} {}\n", "reply", clean(evidence.reply));
  return text;
}

// What a deed did to the entry it ended.
std::string_view ending(const Deed& deed) {
  switch (deed.kind) {
    case Deed::Kind::remove:
      return "removed";
    case Deed::Kind::undo:
      return "undone";
    case Deed::Kind::add:
    case Deed::Kind::import:
    case Deed::Kind::hash:
      return "replaced";
  }
  return "replaced";
}

std::string record_text(const Recorded& record, WallTime now) {
  const Suppression& entry = record.entry;
  std::string text = one_line(entry);
  if (!record.ended && !is_in_force(record, now)) text += " (expired)";
  text += fmt::format("\n  {:<8} {}\n", "source", clean(entry.source));
  if (!entry.note.empty()) text += fmt::format("  {:<8} {}\n", "note", clean(entry.note));
  if (entry.confirmed) {
    text += fmt::format("  {:<8} {}\n", "again", show_time(*entry.confirmed));
  }
  if (entry.evidence) text += evidence_text(*entry.evidence);
  text += deed_text(record.added.kind == Deed::Kind::import ? "imported" : "added", record.added);
  if (record.ended) text += deed_text(ending(*record.ended), *record.ended);
  return text;
}

enum class Held { itself, by_sibling, no };

Held held(const AddressReport& report, WallTime now) {
  const auto holds = [&](const Recorded& record) { return is_in_force(record, now); };
  if (std::ranges::any_of(report.standing, holds)) return Held::itself;
  return std::ranges::any_of(report.siblings, holds) ? Held::by_sibling : Held::no;
}

std::string_view words(Held held) {
  switch (held) {
    case Held::itself:
      return "is suppressed";
    case Held::by_sibling:
      return "is suppressed by the same name at a sibling domain";
    case Held::no:
      return "is not suppressed";
  }
  return "";
}

}  // namespace

void Printer::write() {
  if (error_ == 0 && std::fwrite(pending_.data(), 1, pending_.size(), stdout) != pending_.size()) {
    error_ = errno;
  }
  pending_.clear();
}

Status Printer::finish() {
  write();
  if (error_ == 0 && std::fflush(stdout) != 0) error_ = errno;
  if (error_ == 0) return {};
  return fail(Code::temporary, fmt::format("standard output: {}", std::strerror(error_)));
}

std::string show_time(WallTime time) {
  std::string text = to_rfc3339(time);
  const std::size_t fraction = text.find(".000Z");
  if (fraction != std::string::npos) text.replace(fraction, 5, "Z");
  return text;
}

std::string one_line(const Suppression& entry) {
  std::string text = fmt::format("{}, {}, since {}", to_string(entry.reason), clean(entry.scope),
                                 show_time(entry.created));
  if (entry.expires) text += fmt::format(", until {}", show_time(*entry.expires));
  return text;
}

std::string_view csv_header() {
  return "address,reason,scope,created,expires,source,note,confirmed,pattern,reply,queue_id,"
         "first_seen,last_seen,count\r\n";
}

std::string csv_line(const Suppression& entry) {
  std::string line;
  add_csv_field(line, entry.address);
  add_csv_field(line, to_string(entry.reason));
  add_csv_field(line, entry.scope);
  add_csv_field(line, show_time(entry.created));
  add_csv_field(line, entry.expires ? show_time(*entry.expires) : std::string());
  add_csv_field(line, entry.source);
  add_csv_field(line, entry.note);
  add_csv_field(line, entry.confirmed ? show_time(*entry.confirmed) : std::string());
  if (entry.evidence) {
    add_csv_field(line, entry.evidence->pattern);
    add_csv_field(line, entry.evidence->reply);
    add_csv_field(line, entry.evidence->queue_id);
    add_csv_field(line, show_time(entry.evidence->first_seen));
    add_csv_field(line, show_time(entry.evidence->last_seen));
    add_csv_field(line, fmt::format("{}", entry.evidence->count));
  } else {
    line += ",,,,,,";
  }
  return line + "\r\n";
}

std::string json_line(const ImportRecord& record) {
  Json json = json_of(record.deed);
  json["import"] = record.import;
  json["entries"] = record.entries ? Json(*record.entries) : Json(nullptr);
  return dump(json);
}

std::string json_line(const Suppression& entry) { return dump(json_of(entry)); }

std::string report_text(const AddressReport& report, WallTime now) {
  std::string text = fmt::format("{} {}\n", clean(report.address), words(held(report, now)));
  for (const Recorded& record : report.standing) text += "\n" + record_text(record, now);
  for (const Recorded& record : report.siblings) {
    text += fmt::format("\n{}: {}", clean(record.entry.address), record_text(record, now));
  }
  if (!report.past.empty()) text += "\nhistory, the latest first\n";
  for (const Recorded& record : report.past) text += "\n" + record_text(record, now);
  return text;
}

std::string report_json(const AddressReport& report, WallTime now) {
  return dump({{"address", report.address},
               {"suppressed", held(report, now) != Held::no},
               {"entries", json_of(report.standing)},
               {"siblings", json_of(report.siblings)},
               {"history", json_of(report.past)}}) +
         "\n";
}

}  // namespace icm::ctl
