// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl suppress list, export: what stands on the list.
#include <cstdio>
#include <functional>

#include <fmt/format.h>

#include "milter/ctl/configuration.h"
#include "milter/ctl/suppress_options.h"
#include "milter/ctl/suppress_print.h"
#include "milter/ctl/terminal.h"
#include "policy/base/text.h"

namespace icm::ctl {
namespace {

// Columns of a fixed width: they stand below each other without waiting for the longest of millions
// of addresses.
constexpr auto columns = FMT_STRING("{:<36}  {:<11}  {:<14}  {:<20}  {:<20}  {}  {}");

std::string list_row(std::string_view address, std::string_view reason, std::string_view scope,
                     std::string_view since, std::string_view until, std::string_view source,
                     std::string_view note) {
  std::string row = fmt::format(columns, address, reason, scope, since, until, source, note);
  row.erase(row.find_last_not_of(' ') + 1);
  return row + '\n';
}

std::string list_line(const Suppression& entry) {
  return list_row(clean(entry.address), to_string(entry.reason), clean(entry.scope),
                  show_time(entry.created), entry.expires ? show_time(*entry.expires) : "never",
                  clean(entry.source), clean(entry.note));
}

// For people only: a program that reads the rows would take the titles for one.
std::string list_header() {
  const Terminal terminal = Terminal::of(stdout);
  if (terminal.width() == 0) return {};
  std::string titles = list_row("ADDRESS", "REASON", "SCOPE", "SINCE", "UNTIL", "SOURCE", "NOTE");
  titles.pop_back();
  return terminal.paint(Style::dim, titles) + '\n';
}

std::string plain_line(const Suppression& entry) { return entry.address + '\n'; }

std::string json_entry(const Suppression& entry) { return json_line(entry) + '\n'; }

bool asks_for_all(const SuppressOptions& options) {
  return !options.expired && options.reason.empty() && options.scope.empty() &&
         options.domain.empty() && options.since.empty();
}

// Whose addresses: as they are stored, or as an import takes them.
enum class Addresses { stored, exported };

Status print_each(const SuppressOptions& options, std::string_view header,
                  const std::function<std::string(const Suppression&)>& line, Addresses addresses) {
  const WallTime now = now_in_seconds();
  ICM_TRY(const RecordFilter filter, read_filter(options, now));
  ICM_TRY(const OpenBook opened, open_book_of(options, Missing::refuse));
  const auto& book = opened.book;
  Printer printer;
  printer.add(header);
  bool is_empty = true;
  ICM_CHECK(book->each(filter, now, [&](Suppression entry) {
    is_empty = false;
    if (addresses == Addresses::exported) entry.address = opened.forms.exported(entry.address);
    printer.add(line(entry));
  }));
  ICM_CHECK(printer.finish());
  if (is_empty && !options.json && addresses == Addresses::stored) {
    complain(asks_for_all(options) ? "the list is empty" : "no entry fits");
  }
  return {};
}

// The digits of each address, one a line.
Status export_hashes(const SuppressOptions& options, AddressHash hash) {
  if (!options.format.empty() && options.format != "plain") {
    return fail(Code::syntax, fmt::format("format: expected plain with --hashed, found \"{}\"",
                                          for_log(options.format)));
  }
  std::uint64_t others = 0;
  const auto line = [&](const Suppression& entry) -> std::string {
    const AddressForm form = form_of(entry.address);
    if (form == form_of(hash)) return entry.address.substr(prefix_of(form).size()) + '\n';
    if (form == AddressForm::plain) return digits_of(hash, entry.address) + '\n';
    ++others;
    return {};
  };
  ICM_CHECK(print_each(options, "", line, Addresses::stored));
  if (others == 0) return {};
  complain(fmt::format("{} {} left out, kept as another hash alone", grouped(others),
                       others == 1 ? "entry is" : "entries are"));
  return {};
}

Status export_entries(const SuppressOptions& options) {
  ICM_TRY(const std::optional<AddressHash> hashed, read_hashed(options));
  if (hashed) return export_hashes(options, *hashed);
  if (options.format.empty() || options.format == "csv") {
    return print_each(options, csv_header(), csv_line, Addresses::exported);
  }
  if (options.format == "plain") {
    return print_each(options, "", plain_line, Addresses::exported);
  }
  if (options.format == "json") {
    return print_each(options, "", json_entry, Addresses::exported);
  }
  return fail(Code::syntax, fmt::format("format: expected csv, plain or json, found \"{}\"",
                                        for_log(options.format)));
}

}  // namespace

Exit suppress_list(const SuppressOptions& options) {
  const Status done = options.json
                          ? print_each(options, "", json_entry, Addresses::stored)
                          : print_each(options, list_header(), list_line, Addresses::stored);
  return done ? Exit::done : complain_about(done.error());
}

Exit suppress_export(const SuppressOptions& options) {
  const Status done = export_entries(options);
  return done ? Exit::done : complain_about(done.error());
}

}  // namespace icm::ctl
