//! What a line of the sample access log says, read in the plainest way that fits that file.

/// A request, field by field; the same for a line of the log and for a record made of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Request {
    client: String,
    time: String,
    method: String,
    uri: String,
    path: String,
    protocol: String,
    status: u64,
    bytes: u64,
    referer: String,
    agent: String,
}

/// The fields that a job has to push for [`Request::of_record`], and the id.
pub(crate) const FIELDS: &str = "RayID,ClientIP,EdgeStartTimestamp,ClientRequestMethod,\
    ClientRequestURI,ClientRequestPath,ClientRequestProtocol,EdgeResponseStatus,\
    EdgeResponseBytes,ClientRequestReferer,ClientRequestUserAgent";

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

impl Request {
    /// The request of a line; `None` where the line is cut off.
    ///
    /// In the sample no text has a quote inside, and each request is three words.
    pub(crate) fn of_line(line: &str) -> Option<Self> {
        let [head, request, numbers, referer, " ", agent, ""] =
            line.split('"').collect::<Vec<_>>()[..]
        else {
            return None;
        };
        let [client, "-", "-", time, "+0000]"] = head.split_whitespace().collect::<Vec<_>>()[..]
        else {
            panic!("unknown head: {head}");
        };
        let [method, uri, protocol] = request.split(' ').collect::<Vec<_>>()[..] else {
            panic!("unknown request: {request}");
        };
        let [status, bytes] = numbers.split_whitespace().collect::<Vec<_>>()[..] else {
            panic!("unknown numbers: {numbers}");
        };
        let path = uri.find('?').map_or(uri, |at| &uri[..at]);
        Some(Self {
            client: client.to_owned(),
            time: rfc3339(time),
            method: method.to_owned(),
            uri: uri.to_owned(),
            path: path.to_owned(),
            protocol: protocol.to_owned(),
            status: status.parse().unwrap(),
            bytes: if bytes == "-" { 0 } else { bytes.parse().unwrap() },
            referer: referer.to_owned(),
            agent: agent.to_owned(),
        })
    }

    /// The request of a record with [`FIELDS`], times as RFC 3339 in whole seconds.
    pub(crate) fn of_record(record: &serde_json::Value) -> Self {
        let text = |name: &str| record[name].as_str().expect(name).to_owned();
        let number = |name: &str| record[name].as_u64().expect(name);
        Self {
            client: text("ClientIP"),
            time: text("EdgeStartTimestamp"),
            method: text("ClientRequestMethod"),
            uri: text("ClientRequestURI"),
            path: text("ClientRequestPath"),
            protocol: text("ClientRequestProtocol"),
            status: number("EdgeResponseStatus"),
            bytes: number("EdgeResponseBytes"),
            referer: text("ClientRequestReferer"),
            agent: text("ClientRequestUserAgent"),
        }
    }
}

/// `[17/May/2015:10:05:03` as `2015-05-17T10:05:03Z`.
fn rfc3339(time: &str) -> String {
    let (date, clock) = time[1..].split_once(':').unwrap();
    let [day, month, year] = date.split('/').collect::<Vec<_>>()[..] else {
        panic!("unknown date: {date}");
    };
    let month = MONTHS.iter().position(|name| *name == month).unwrap() + 1;
    format!("{year}-{month:02}-{day}T{clock}Z")
}

#[test]
fn a_line_says_what_one_reads_in_it() {
    let line = r#"192.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET /a?b HTTP/1.1" 200 - "-" "curl""#;
    let text = str::to_owned;
    let expected = Request {
        client: text("192.0.2.1"),
        time: text("2015-05-17T10:05:03Z"),
        method: text("GET"),
        uri: text("/a?b"),
        path: text("/a"),
        protocol: text("HTTP/1.1"),
        status: 200,
        bytes: 0,
        referer: text("-"),
        agent: text("curl"),
    };
    assert_eq!(Request::of_line(line), Some(expected));
    assert_eq!(Request::of_line(&line[..line.len() - 1]), None);
}
