  def gone: "<redacted>";
  def announces: test("(?i)pass(word|wd|phrase|code)?([_.-]|$)|pwd|secret|token|credential|(api|private|access|account|encryption|signing|license|secret)[_.-]?key|[_.-](auth|cookie|salt|pin|seed|dsn|otp|pat)$|^(auth|authorization|dsn|license)$|authorization|licen[sc]e|conn(ection)?[_.-]?str")
    and (test("(?i)(name|file|path|url|uri|ttl|enabled|type|class|id|expiry|length|policy|mode|ref|version|serde|count)s?$") | not);
  def plain: test("^([0-9]{1,3}|\\$\\([^)]*\\)|\\$\\{[^}]*\\}|true|false|yes|no|)$");
  def file: test("(?i)^\\.?(pgpass|htpasswd|netrc|dockerconfigjson|my\\.cnf)$|^auth$|(^|[._-])(users?|passwords?|accounts?)\\.[a-z]+$|\\.(key|p12|jks)$");
  def inside: gsub("-----BEGIN [^-]*PRIVATE KEY-----[^-]*-----END [^-]*-----"; gone)
    | gsub("(?<a>(^|://|[\\s\"'])[^\\s:/@\"']*:)(?!//)[^\\s@/\"']+@(?!sha[0-9]+:)"; "\(.a)\(gone)@")
    | gsub("(?<a>://)[A-Za-z0-9_~%-]{8,}@"; "\(.a)\(gone)@")
    | gsub("(?i)(?<a>(bearer|basic) +)[A-Za-z0-9._~+/=-]{6,}"; "\(.a)\(gone)")
    | gsub("(?i)(?<a>(pass(word|wd|phrase)?|pwd|requirepass|masterauth|secret|token|api[_-]?key|account[_-]?key|userpassword)[\"']?( *[=:>] *| +)[\"']?)(?!\\$)[^\\s\"',;&<]+"; "\(.a)\(gone)")
    | gsub("(?i)(?<a>identified by +)'[^']*'"; "\(.a)'\(gone)'")
    | gsub("(?<a>\"auth\" *: *\")[^\"]+"; "\(.a)\(gone)")
    | (if test("(?i)mysql|mariadb") then gsub("(?<a>\\s-p)[^\\s\"'-][^\\s\"']*"; "\(.a)\(gone)") else . end)
    | gsub("(?<a>hooks\\.slack\\.com/services/)\\S+"; "\(.a)\(gone)");
  def words: reduce .[] as $w ({list: [], flag: false};
      if ($w | type) != "string" then .list += [$w] | .flag = false
      elif .flag and ($w | test("^--|^[a-z]+://") | not) then .list += [gone] | .flag = false
      else .list += [$w] | .flag = ($w | (startswith("-") and announces and (contains("=") | not)) or . == "-u") end) | .list;
  del(.items[]?.metadata.managedFields, .items[]?.metadata.annotations["kubectl.kubernetes.io/last-applied-configuration"])
  | walk(
      if type == "object" then
        (if (.name | type) == "string" and (.value | type) == "string" and (.name | announces) and (.value | plain | not)
         then .value = gone else . end)
        | with_entries(
            if ((.value | type) == "string" or (.value | type) == "number") and (.key | announces)
               and (.value | tostring | (plain or contains("\n")) | not) and .key != "secretKey"
               or (.key | file) and (.value | type) == "string"
            then .value = gone else . end)
      elif type == "array" then words
      elif type == "string" then inside
      else . end)
