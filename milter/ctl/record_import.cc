// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/record_import.h"

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fmt/format.h>

#include "milter/ctl/configuration.h"
#include "policy/base/handle.h"
#include "policy/store/stored_text.h"

namespace icm::ctl {
namespace {

void close_file(std::FILE* file) { std::fclose(file); }

std::string last_part(const std::string& file) {
  return std::filesystem::path(file).filename().string();
}

std::string bad_lines(std::uint64_t count) {
  return fmt::format("{} bad {}", grouped(count), count == 1 ? "line" : "lines");
}

}  // namespace

RecordImport::RecordImport(const std::string& name, BadLines bad_lines)
    : name_(name), bad_lines_(bad_lines), progress_("reading " + last_part(name), 0) {}

Status RecordImport::refuse(const std::string& place, const Error& error) {
  if (error.code != Code::syntax) return tl::make_unexpected(error);
  ++bad_;
  progress_.stand_aside();
  complain(fmt::format("{}: {}", place, error.text));
  return {};
}

Status RecordImport::finish() {
  progress_.stand_aside();
  if (!is_refused()) return {};
  return fail(Code::syntax, fmt::format("{}: {}, {} good; nothing was imported. Correct "
                                        "them, or leave them out with --skip-bad",
                                        name_, bad_lines(bad_), grouped(good_)));
}

std::string RecordImport::report(std::string_view one, std::string_view several,
                                 const ImportCount& count) const {
  return fmt::format("{}: {} {}: {} added, {} changed, {} unchanged{}", clean(name_),
                     grouped(good_), good_ == 1 ? one : several, grouped(count.added),
                     grouped(count.changed), grouped(count.unchanged),
                     bad_ == 0 ? "" : fmt::format("; {} left out", bad_lines(bad_)));
}

Status import_file(const std::string& file,
                   const std::function<Status(std::FILE*, const std::string&)>& import) {
  if (file == "-") return import(stdin, "standard input");
  const Handle<std::FILE, close_file> stream(std::fopen(file.c_str(), "rbe"));
  if (!stream) return fail(Code::permanent, fmt::format("{}: {}", file, std::strerror(errno)));
  return import(stream.get(), file);
}

std::string name_in_source(const std::string& file) {
  constexpr std::size_t most = 100;  // octets; a source has room for 200
  return for_store(last_part(file), most);
}

}  // namespace icm::ctl
