//! Sockets on Linux: one epoll instance per worker, an eventfd that ends its sleep, batched
//! receiving on shared ports, and the address a datagram was sent to (`IP_PKTINFO`), which a
//! wildcard socket must know to answer from the right interface.
//!
//! The only module of this crate with `unsafe`: each block is one system call over memory that
//! lives in this file.

#![expect(unsafe_code, reason = "system calls that std and socket2 do not wrap")]

use std::fs::File;
use std::io::{self, Read, Write};
use std::mem;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6, UdpSocket};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sidetone_media::{Outbox, PathId};
use socket2::{Domain, Protocol, Socket, Type};

use crate::pace::Pace;
use crate::ring::Waker;
use crate::socket::{BATCH, Batch, DATAGRAM_LEN, MediaSocket, Received, SocketUse};

/// Interface addresses are read again after this: a floating address (keepalived) moves seldom.
const INTERFACES_LIFETIME: Duration = Duration::from_secs(2);
/// Room for one control message with an IPv6 address.
const CONTROL_LEN: usize = 64;
/// The token of the eventfd among the sockets' indices.
const WAKE_TOKEN: u64 = u64::MAX;

/// Ends the sleep of one worker.
#[derive(Debug)]
pub(crate) struct EventWaker {
    event: File,
    sleep: Arc<Sleep>,
}

/// Whether the worker has to be woken with a system call. Each side writes its own flag before it
/// reads the other's, in one order for all threads: one of them sees the other.
#[derive(Debug, Default)]
struct Sleep {
    /// Something waits for the worker since its last turn began.
    called: AtomicBool,
    /// The worker sleeps or is about to.
    sleeps: AtomicBool,
}

impl Waker for EventWaker {
    fn wake(&self) {
        let first = !self.sleep.called.swap(true, Ordering::SeqCst);
        if first && self.sleep.sleeps.load(Ordering::SeqCst) {
            // A full counter means that a wake-up is pending already.
            let _ = (&self.event).write(&1_u64.to_ne_bytes());
        }
    }
}

#[derive(Debug)]
struct OpenSocket {
    socket: UdpSocket,
    address: SocketAddr,
    socket_use: SocketUse,
}

/// The sockets of one worker.
pub(crate) struct EpollSockets {
    epoll: OwnedFd,
    wake: File,
    sleep: Arc<Sleep>,
    pace: Pace,
    sockets: Vec<Option<OpenSocket>>,
    free: Vec<u32>,
    ready: Vec<PathId>,
    events: Vec<libc::epoll_event>,
    scatter: Box<Scatter>,
    interfaces: Option<(Instant, Vec<IpAddr>)>,
    buffers: Buffers,
    checksums: bool,
}

/// The kernel buffers of sockets, in bytes.
#[derive(Clone, Copy, Debug)]
struct Buffers {
    /// Of a shared socket.
    shared: usize,
    /// What a socket has unasked.
    unasked: usize,
}

/// Of a shared socket's buffer a single leg's has this part.
const LEG_SHARE: usize = 16;

impl Buffers {
    fn new(shared: usize) -> Self {
        let probe = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).map(Socket::from);
        let sizes =
            probe.and_then(|probe| Ok(probe.recv_buffer_size()?.min(probe.send_buffer_size()?)));
        Self { shared, unasked: sizes.unwrap_or_default() }
    }

    /// What to ask for, unless a socket has three quarters of it anyway: the two system calls are
    /// a noticeable part of what a short call costs.
    fn wanted(self, socket_use: SocketUse) -> Option<usize> {
        match socket_use {
            SocketUse::Shared => Some(self.shared),
            SocketUse::Leg => {
                let wanted = self.shared / LEG_SHARE;
                (self.unasked < wanted / 4 * 3).then_some(wanted)
            }
        }
    }
}

/// What `recvmmsg` writes into besides the payload.
struct Scatter {
    names: [libc::sockaddr_storage; BATCH],
    controls: [Control; BATCH],
    vectors: [libc::iovec; BATCH],
    headers: [libc::mmsghdr; BATCH],
}

#[repr(C, align(8))]
#[derive(Clone, Copy)]
struct Control([u8; CONTROL_LEN]);

// SAFETY: the pointers inside are set before each call from buffers owned elsewhere and are never
// followed outside of it.
unsafe impl Send for Scatter {}

impl Scatter {
    /// Points the headers at the buffers of a batch, unless they do already.
    fn point_at(&mut self, buffers: &mut [[u8; DATAGRAM_LEN]]) {
        let first: *mut libc::c_void = buffers.as_mut_ptr().cast();
        if self.vectors[0].iov_base == first {
            return;
        }
        let Self { names, controls, vectors, headers } = self;
        for (index, buffer) in buffers.iter_mut().take(BATCH).enumerate() {
            vectors[index] =
                libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: DATAGRAM_LEN };
            let header = &mut headers[index].msg_hdr;
            header.msg_name = (&raw mut names[index]).cast();
            header.msg_namelen = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
            header.msg_iov = &raw mut vectors[index];
            header.msg_iovlen = 1;
            header.msg_control = (&raw mut controls[index]).cast();
            header.msg_controllen = CONTROL_LEN as _;
        }
    }
}

impl EpollSockets {
    /// Sleeps although datagrams may come; true when somebody called in the meantime.
    fn rest(&self, pause: Duration) -> bool {
        let mut wake = libc::pollfd { fd: self.wake.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        let time = libc::timespec {
            tv_sec: 0,
            // A pause is shorter than a second.
            tv_nsec: libc::c_long::from(pause.subsec_nanos() as i32),
        };
        // SAFETY: one descriptor and the time live through the call; no signal mask is given.
        let count = unsafe { libc::ppoll(&raw mut wake, 1, &raw const time, ptr::null()) };
        count > 0
    }

    /// Asks which sockets have something, for so many milliseconds; without limit when negative.
    fn poll(&mut self, millis: i32) {
        // SAFETY: the list has room for as many events as announced.
        let count = unsafe {
            libc::epoll_wait(
                self.epoll.as_raw_fd(),
                self.events.as_mut_ptr(),
                self.events.len() as libc::c_int,
                millis,
            )
        };
        for event in self.events.iter().take(usize::try_from(count).unwrap_or_default()) {
            if event.u64 == WAKE_TOKEN {
                let mut counter = [0; 8];
                let _ = self.wake.read(&mut counter);
            } else if let Ok(index) = u32::try_from(event.u64) {
                self.ready.push(PathId(index));
            }
        }
    }

    /// `buffer` is the size of the kernel buffers of a shared socket in bytes; `checksums` says
    /// whether datagrams over IPv4 carry one.
    pub(crate) fn new(buffer: usize, checksums: bool) -> io::Result<(Self, EventWaker)> {
        // SAFETY: plain system calls without memory arguments; the results are checked.
        let (epoll, event) =
            unsafe { (libc::epoll_create1(libc::EPOLL_CLOEXEC), libc::eventfd(0, EVENTFD_FLAGS)) };
        let (epoll, event) = (owned(epoll)?, owned(event)?);
        let wake = File::from(event);
        let sleep = Arc::<Sleep>::default();
        let waker = EventWaker { event: wake.try_clone()?, sleep: Arc::clone(&sleep) };
        let sockets = Self {
            epoll,
            wake,
            sleep,
            pace: Pace::default(),
            sockets: Vec::new(),
            free: Vec::new(),
            ready: Vec::with_capacity(BATCH),
            events: vec![libc::epoll_event { events: 0, u64: 0 }; BATCH],
            // SAFETY: all parts are plain C structures for which zero bytes are valid.
            scatter: Box::new(unsafe { mem::zeroed() }),
            interfaces: None,
            buffers: Buffers::new(buffer),
            checksums,
        };
        sockets.watch(sockets.wake.as_raw_fd(), WAKE_TOKEN)?;
        Ok((sockets, waker))
    }

    fn watch(&self, fd: RawFd, token: u64) -> io::Result<()> {
        let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: token };
        // SAFETY: `event` lives through the call; both descriptors are open.
        let result = unsafe {
            libc::epoll_ctl(self.epoll.as_raw_fd(), libc::EPOLL_CTL_ADD, fd, &raw mut event)
        };
        if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }

    fn receive_one(&self, path: u32, batch: &mut Batch) {
        let Some(Some(open)) = self.sockets.get(path as usize) else {
            return;
        };
        let at = batch.received.len();
        let Some(buffer) = batch.buffers.get_mut(at) else {
            return;
        };
        if let Ok((len, source)) = open.socket.recv_from(buffer) {
            let (path, local) = (PathId(path), open.address);
            batch.received.push(Received { path, local, source, len });
        }
    }

    /// Fills an empty batch.
    fn receive_many(&mut self, path: u32, batch: &mut Batch) {
        let Some(Some(open)) = self.sockets.get(path as usize) else {
            return;
        };
        self.scatter.point_at(&mut batch.buffers);
        let Scatter { names, headers, .. } = &mut *self.scatter;
        // SAFETY: the headers point at parts of the scatter and at the buffers of this batch, which
        // outlive the call and have the announced lengths.
        let received = unsafe {
            libc::recvmmsg(
                open.socket.as_raw_fd(),
                headers.as_mut_ptr(),
                batch.buffers.len().min(BATCH) as libc::c_uint,
                libc::MSG_DONTWAIT,
                ptr::null_mut(),
            )
        };
        for index in 0..usize::try_from(received).unwrap_or_default() {
            let source = to_address(&names[index]);
            let header = &headers[index].msg_hdr;
            let to = destination(header);
            let local = to.map_or(open.address, |ip| SocketAddr::new(ip, open.address.port()));
            // A datagram of an unknown family keeps its place but nobody owns its source.
            let source = source.unwrap_or(open.address);
            let len = (headers[index].msg_len as usize).min(DATAGRAM_LEN);
            batch.received.push(Received { path: PathId(path), local, source, len });
            // The kernel wrote how much of each it used.
            let header = &mut headers[index].msg_hdr;
            header.msg_namelen = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
            header.msg_controllen = CONTROL_LEN as _;
        }
    }

    fn open(&self, address: SocketAddr, socket_use: SocketUse) -> io::Result<OpenSocket> {
        let kind = Type::DGRAM.nonblocking();
        let socket = Socket::new(Domain::for_address(address), kind, Some(Protocol::UDP))?;
        if address.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        if let Some(buffer) = self.buffers.wanted(socket_use) {
            // The kernel caps them (net.core.rmem_max); less than asked for is no reason to fail.
            let _ = socket.set_recv_buffer_size(buffer);
            let _ = socket.set_send_buffer_size(buffer);
        }
        if socket_use == SocketUse::Shared && address.ip().is_unspecified() {
            ask_for_destination(&socket, address)?;
        }
        if !self.checksums && address.is_ipv4() {
            set_flag(&socket, (libc::SOL_SOCKET, libc::SO_NO_CHECK))?;
        }
        socket.bind(&address.into())?;
        Ok(OpenSocket { socket: socket.into(), address, socket_use })
    }
}

const EVENTFD_FLAGS: libc::c_int = libc::EFD_CLOEXEC | libc::EFD_NONBLOCK;

fn owned(fd: RawFd) -> io::Result<OwnedFd> {
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor was just made and belongs to nobody else.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn ask_for_destination(socket: &Socket, address: SocketAddr) -> io::Result<()> {
    let (level, option) = match address {
        SocketAddr::V4(_) => (libc::IPPROTO_IP, libc::IP_PKTINFO),
        SocketAddr::V6(_) => (libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO),
    };
    set_flag(socket, (level, option))
}

/// Switches an option of a socket on.
fn set_flag(socket: &Socket, (level, option): (libc::c_int, libc::c_int)) -> io::Result<()> {
    let on: libc::c_int = 1;
    // SAFETY: `on` lives through the call and its length is given.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            option,
            (&raw const on).cast(),
            size_of_val(&on) as libc::socklen_t,
        )
    };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

fn to_address(name: &libc::sockaddr_storage) -> Option<SocketAddr> {
    match i32::from(name.ss_family) {
        libc::AF_INET => {
            // SAFETY: the family says which structure the kernel wrote; the storage is large
            // enough and aligned for it.
            let v4 = unsafe { &*ptr::from_ref(name).cast::<libc::sockaddr_in>() };
            let ip = Ipv4Addr::from(u32::from_be(v4.sin_addr.s_addr));
            Some(SocketAddrV4::new(ip, u16::from_be(v4.sin_port)).into())
        }
        libc::AF_INET6 => {
            // SAFETY: as above.
            let v6 = unsafe { &*ptr::from_ref(name).cast::<libc::sockaddr_in6>() };
            let ip = Ipv6Addr::from(v6.sin6_addr.s6_addr);
            Some(SocketAddrV6::new(ip, u16::from_be(v6.sin6_port), 0, v6.sin6_scope_id).into())
        }
        _ => None,
    }
}

/// The address a datagram was sent to.
fn destination(header: &libc::msghdr) -> Option<IpAddr> {
    // SAFETY: the kernel filled the control buffer this header points to and set its length; the
    // macros stay inside it. Control data is aligned for its structure.
    unsafe {
        let mut control = libc::CMSG_FIRSTHDR(header);
        while let Some(message) = control.as_ref() {
            let data = libc::CMSG_DATA(control);
            match (message.cmsg_level, message.cmsg_type) {
                (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                    let info = ptr::read_unaligned(data.cast::<libc::in_pktinfo>());
                    return Some(Ipv4Addr::from(u32::from_be(info.ipi_addr.s_addr)).into());
                }
                (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
                    let info = ptr::read_unaligned(data.cast::<libc::in6_pktinfo>());
                    return Some(Ipv6Addr::from(info.ipi6_addr.s6_addr).into());
                }
                _ => control = libc::CMSG_NXTHDR(header, control),
            }
        }
    }
    None
}

/// Sends from one address of a wildcard socket.
fn send_from(socket: &UdpSocket, from: IpAddr, to: SocketAddr, datagram: &[u8]) {
    let to = socket2::SockAddr::from(to);
    let mut vector =
        libc::iovec { iov_base: datagram.as_ptr().cast_mut().cast(), iov_len: datagram.len() };
    let mut control = Control([0; CONTROL_LEN]);
    // SAFETY: `msghdr` is a plain C structure; every pointer put into it outlives the call, the
    // control buffer is aligned and large enough for one message with an IPv6 address.
    unsafe {
        let mut header: libc::msghdr = mem::zeroed();
        header.msg_name = to.as_ptr().cast_mut().cast();
        header.msg_namelen = to.len();
        header.msg_iov = &raw mut vector;
        header.msg_iovlen = 1;
        header.msg_control = (&raw mut control).cast();
        header.msg_controllen = CONTROL_LEN as _;
        let message = libc::CMSG_FIRSTHDR(&raw const header);
        let space = match from {
            IpAddr::V4(v4) => {
                let mut info: libc::in_pktinfo = mem::zeroed();
                info.ipi_spec_dst.s_addr = u32::from(v4).to_be();
                (*message).cmsg_level = libc::IPPROTO_IP;
                (*message).cmsg_type = libc::IP_PKTINFO;
                put(message, info)
            }
            IpAddr::V6(v6) => {
                let mut info: libc::in6_pktinfo = mem::zeroed();
                info.ipi6_addr.s6_addr = v6.octets();
                (*message).cmsg_level = libc::IPPROTO_IPV6;
                (*message).cmsg_type = libc::IPV6_PKTINFO;
                put(message, info)
            }
        };
        header.msg_controllen = space as _;
        // A full buffer or an unreachable peer loses the datagram, as any network may.
        let _ = libc::sendmsg(socket.as_raw_fd(), &raw const header, libc::MSG_DONTWAIT);
    }
}

/// Writes the data of a control message; the space the whole message takes.
///
/// # Safety
/// `message` points to a control message with room for `info` behind its header.
unsafe fn put<T>(message: *mut libc::cmsghdr, info: T) -> libc::c_uint {
    let len = size_of::<T>() as libc::c_uint;
    // SAFETY: the caller vouches for the room; the address may be unaligned for `T`.
    unsafe {
        (*message).cmsg_len = libc::CMSG_LEN(len) as _;
        ptr::write_unaligned(libc::CMSG_DATA(message).cast::<T>(), info);
        libc::CMSG_SPACE(len)
    }
}

impl Outbox for EpollSockets {
    fn send(&mut self, path: PathId, from: IpAddr, to: SocketAddr, datagram: &[u8]) {
        let Some(Some(open)) = self.sockets.get(path.0 as usize) else {
            return;
        };
        if open.address.ip().is_unspecified() {
            send_from(&open.socket, from, to, datagram);
        } else {
            let _ = open.socket.send_to(datagram, to);
        }
    }
}

impl MediaSocket for EpollSockets {
    fn bind(&mut self, address: SocketAddr, socket_use: SocketUse) -> io::Result<PathId> {
        let open = self.open(address, socket_use)?;
        let index = match self.free.pop() {
            Some(index) => index,
            None => {
                self.sockets.push(None);
                (self.sockets.len() - 1) as u32
            }
        };
        if let Err(error) = self.watch(open.socket.as_raw_fd(), u64::from(index)) {
            self.free.push(index);
            return Err(error);
        }
        if let Some(place) = self.sockets.get_mut(index as usize) {
            *place = Some(open);
        }
        Ok(PathId(index))
    }

    fn address(&self, path: PathId) -> Option<SocketAddr> {
        self.sockets.get(path.0 as usize)?.as_ref().map(|open| open.address)
    }

    fn close(&mut self, path: PathId) {
        // Closing the descriptor takes it out of epoll.
        if self.sockets.get_mut(path.0 as usize).is_some_and(|place| place.take().is_some()) {
            self.ready.retain(|ready| *ready != path);
            self.free.push(path.0);
        }
    }

    fn interfaces(&mut self, now: Instant) -> Vec<IpAddr> {
        if let Some((at, list)) = &self.interfaces
            && now.saturating_duration_since(*at) < INTERFACES_LIFETIME
        {
            return list.clone();
        }
        let list = interface_addresses();
        self.interfaces = Some((now, list.clone()));
        list
    }

    fn source_towards(&mut self, peer: IpAddr) -> Option<IpAddr> {
        // Connecting a datagram socket sends nothing; it only looks up the route.
        let any = if peer.is_ipv4() {
            IpAddr::from(Ipv4Addr::UNSPECIFIED)
        } else {
            Ipv6Addr::UNSPECIFIED.into()
        };
        let socket = UdpSocket::bind((any, 0)).ok()?;
        socket.connect((peer, 9)).ok()?;
        socket.local_addr().ok().map(|address| address.ip())
    }

    fn upcoming(&self) -> &[PathId] {
        &self.ready
    }

    fn receive(&mut self, batch: &mut Batch) {
        batch.received.clear();
        while batch.received.is_empty()
            && let Some(PathId(path)) = self.ready.pop()
        {
            let socket = self.sockets.get(path as usize);
            match socket.and_then(|open| open.as_ref()).map(|open| open.socket_use) {
                Some(SocketUse::Leg) => self.receive_one(path, batch),
                Some(SocketUse::Shared) => self.receive_many(path, batch),
                None => {}
            }
        }
    }

    fn wait(&mut self, limit: Option<Duration>) {
        if !self.ready.is_empty() {
            return;
        }
        self.sleep.sleeps.store(true, Ordering::SeqCst);
        let mut millis = match limit {
            // Rounded up: waking before the deadline would only mean sleeping again.
            Some(limit) => i32::try_from(limit.as_micros().div_ceil(1000)).unwrap_or(i32::MAX),
            None => -1,
        };
        let pause = self.pace.pause().filter(|pause| limit.is_none_or(|limit| limit > *pause));
        let called =
            self.sleep.called.load(Ordering::SeqCst) || pause.is_some_and(|pause| self.rest(pause));
        if called {
            millis = 0;
        }
        self.poll(millis);
        self.sleep.sleeps.store(false, Ordering::SeqCst);
        self.sleep.called.swap(false, Ordering::SeqCst);
    }

    fn note_turn(&mut self, now: Instant, datagrams: usize) {
        self.pace.note(now, datagrams);
    }

    fn sockets(&self) -> usize {
        self.sockets.iter().flatten().count()
    }
}

fn interface_addresses() -> Vec<IpAddr> {
    let mut found = Vec::new();
    let mut list: *mut libc::ifaddrs = ptr::null_mut();
    // SAFETY: the call fills `list`, which is walked only on success and freed once; addresses are
    // read as what their family says.
    unsafe {
        if libc::getifaddrs(&raw mut list) != 0 {
            return found;
        }
        let mut next = list;
        while let Some(interface) = next.as_ref() {
            next = interface.ifa_next;
            let up = interface.ifa_flags & libc::IFF_UP as libc::c_uint != 0;
            let Some(address) = interface.ifa_addr.as_ref().filter(|_| up) else {
                continue;
            };
            match i32::from(address.sa_family) {
                libc::AF_INET => {
                    let v4 = ptr::read_unaligned(interface.ifa_addr.cast::<libc::sockaddr_in>());
                    found.push(Ipv4Addr::from(u32::from_be(v4.sin_addr.s_addr)).into());
                }
                libc::AF_INET6 => {
                    let v6 = ptr::read_unaligned(interface.ifa_addr.cast::<libc::sockaddr_in6>());
                    found.push(Ipv6Addr::from(v6.sin6_addr.s6_addr).into());
                }
                _ => {}
            }
        }
        libc::freeifaddrs(list);
    }
    found
}

/// Lets the calling thread's short sleeps end on time: the kernel would add up to 50 µs.
pub(crate) fn sleep_exactly() {
    // SAFETY: no memory is involved; a refusal costs exactness, no more.
    unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, 1_000_u64) };
}

/// Ties the calling thread to one core; the cores are counted among those the process may use.
pub(crate) fn pin_to_core(number: usize) {
    // SAFETY: `cpu_set_t` is a plain bit set; the sizes given are its own.
    unsafe {
        let mut allowed: libc::cpu_set_t = mem::zeroed();
        if libc::sched_getaffinity(0, size_of_val(&allowed), &raw mut allowed) != 0 {
            return;
        }
        let cores = (0..libc::CPU_SETSIZE as usize).filter(|core| libc::CPU_ISSET(*core, &allowed));
        let cores: Vec<usize> = cores.collect();
        let Some(core) = number.checked_rem(cores.len()).and_then(|at| cores.get(at)) else {
            return;
        };
        let mut set: libc::cpu_set_t = mem::zeroed();
        libc::CPU_SET(*core, &mut set);
        // Not being pinned costs cache misses, no more.
        libc::sched_setaffinity(0, size_of_val(&set), &raw const set);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flag(socket: &UdpSocket, option: libc::c_int) -> libc::c_int {
        let mut value: libc::c_int = -1;
        let mut len = size_of_val(&value) as libc::socklen_t;
        // SAFETY: the value and its length live through the call.
        let result = unsafe {
            libc::getsockopt(
                socket.as_raw_fd(),
                libc::SOL_SOCKET,
                option,
                (&raw mut value).cast(),
                &raw mut len,
            )
        };
        assert_eq!(result, 0);
        value
    }

    #[test]
    fn a_legs_buffers_are_asked_for_only_where_the_systems_are_small() {
        let wanted = |unasked, socket_use| Buffers { shared: 4 << 20, unasked }.wanted(socket_use);
        assert_eq!(wanted(212_992, SocketUse::Leg), None, "the default of Linux");
        assert_eq!(wanted(65_536, SocketUse::Leg), Some(262_144));
        assert_eq!(wanted(212_992, SocketUse::Shared), Some(4 << 20));
        let small = EpollSockets::new(1 << 16, true).unwrap().0;
        assert!(small.buffers.unasked > 0, "the probe found what sockets have");
    }

    #[test]
    fn reading_an_empty_socket_does_not_wait() {
        let (mut sockets, _) = EpollSockets::new(1 << 16, true).unwrap();
        for socket_use in [SocketUse::Shared, SocketUse::Leg] {
            let path = sockets.bind(SocketAddr::from(([127, 0, 0, 1], 0)), socket_use).unwrap();
            sockets.ready.push(path);
            let mut batch = Batch::default();
            sockets.receive(&mut batch);
            assert!(batch.received.is_empty());
        }
    }

    #[test]
    fn checksums_are_left_out_over_ipv4_where_the_option_says_so() {
        for (checksums, expected) in [(true, 0), (false, 1)] {
            let (mut sockets, _) = EpollSockets::new(1 << 16, checksums).unwrap();
            for socket_use in [SocketUse::Shared, SocketUse::Leg] {
                let path = sockets.bind(SocketAddr::from(([127, 0, 0, 1], 0)), socket_use).unwrap();
                let open = sockets.sockets[path.0 as usize].as_ref().unwrap();
                assert_eq!(flag(&open.socket, libc::SO_NO_CHECK), expected);
            }
        }
    }
}
