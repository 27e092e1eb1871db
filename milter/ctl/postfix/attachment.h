// SPDX-License-Identifier: Apache-2.0
//
// What "postfix enable" leaves behind beside main.cf, in the directory icloud-milter: both files as
// they were, and what was added to them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "milter/ctl/postfix/config_files.h"
#include "milter/ctl/postfix/insertion.h"
#include "milter/ctl/postfix/wiring_plan.h"
#include "policy/base/result.h"

namespace icm::ctl::postfix {

struct Attachment {
  std::string at;  // "2026-11-22T08:00:00Z"
  WiringOptions options;
  std::vector<Insertion> insertions;
};

// It lies with the files it is about: on the same file system, root's, and in what is kept of /etc.
std::string attachment_directory(const std::string& config_directory);

// Nothing when there is none. An Error when there is one that cannot be read.
[[nodiscard]] Result<std::optional<Attachment>> load_attachment(const std::string& directory);

// Both files as they are now, then the record; in this order, so that whoever finds a record finds
// the files.
[[nodiscard]] Status save_attachment(const std::string& directory, const Attachment& attachment,
                                     const ConfigFile& main_cf, const ConfigFile& master_cf);

// Gives a file the text and the status that it had. Where there is no room for another file the
// copy that save_attachment() made takes its place.
[[nodiscard]] Status put_back(const std::string& directory, File kind, const ConfigFile& before);

enum class Copies { remove, keep };

// Takes the record away, and with the copies of the files the directory, when nothing else is in
// it.
void forget_attachment(const std::string& directory, Copies copies);

// For tests: as the record is written.
std::string to_json(const Attachment& attachment);
[[nodiscard]] Result<Attachment> parse_attachment(const std::string& json);

}  // namespace icm::ctl::postfix
